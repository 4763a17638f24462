"""Take one document of a file: its rows whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from connector.domain.documents import BY_INVOICE, Objection
from connector.domain.orders import Order
from connector.errors import Conflict, NotFound
from connector.storage import documents, reservations
from connector.usecases import orders
from connector.usecases.document_rows import (
    Row,
    differing,
    read_ack,
    read_cancellation,
    read_invoice,
    read_tracking,
)
from connector.usecases.invoicing import take_invoice
from connector.usecases.nfe_cancelled import object_to_cancelled
from connector.usecases.returning import take_cancellation
from connector.usecases.taking import Taking
from connector.usecases.trackings import take_tracking

UNKNOWN = "; it stays in the quarantine: connector quarantine retry takes it once the order is there"


def take_one(by: Taking, feed: str, group: Sequence[Row]) -> str | Objection:
    """Take one document: says in a sentence what is new, "" where it is known already; or objects, and nothing is changed."""
    if feed == "acks":
        reservations.count_in_turn(by.tx)
    ours = _of_the_order(by, group) if feed == "tracking" else group
    if isinstance(ours, Objection):
        return ours
    reference = ours[0][1]["order_id"]
    try:
        order = orders.find(by.tx, reference)
    except NotFound as error:
        return Objection("order_id", reference, f"{error.message}{UNKNOWN}")
    except Conflict as error:
        return Objection("order_id", reference, str(error))
    return _take(by, feed, order, ours)


def _of_the_order(by: Taking, group: Sequence[Row]) -> Sequence[Row] | Objection:
    """Put the order, and the invoice's number as it was taken, into rows that name their order by its invoice."""
    named = str(group[0][1]["order_id"])
    if not named.startswith(BY_INVOICE):
        return group
    number = named.removeprefix(BY_INVOICE)
    found = documents.orders_of_invoice(by.tx, number)
    if len({order for order, _ in found}) == 1:  # of others, one that was given up may be told yet
        found = documents.orders_of_invoice(by.tx, number, given_up=False) or found
    if len(found) != 1:
        several = f"several orders have an invoice {number}: {', '.join(order for order, _ in found)}"
        return Objection("invoice_number", number, several if found else f"no order has an invoice {number}{UNKNOWN}")
    order_id, as_taken = found[0]
    return [(line, {**values, "order_id": order_id, "invoice_number": as_taken}) for line, values in group]


def _take(by: Taking, feed: str, order: Order, group: Sequence[Row]) -> str | Objection:
    values = group[-1][1]
    match feed:
        case "invoices":
            given = read_invoice(group)
            return given if isinstance(given, Objection) else object_to_cancelled(by, given.key) or take_invoice(by, order, given)
        case "tracking":
            said = read_tracking(group, ZoneInfo(by.app.settings.schedule.timezone), by.modified_at)
            return said if isinstance(said, Objection) else take_tracking(by, order, *said)
        case "cancellations":
            return differing(group) or take_cancellation(by, order, read_cancellation(values))
    try:
        return differing(group) or orders.take_ack(by.tx, by.app, read_ack(values, order.order_id, by.modified_at), by.now)
    except Conflict as error:
        return Objection("status", values["status"], str(error))
