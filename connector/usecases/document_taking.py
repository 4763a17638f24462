"""Take a file's documents in one transaction: each group of rows whole or not at all, the good ones whatever the bad ones are."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from connector.domain.documents import BY_INVOICE, Objection
from connector.domain.orders import Order
from connector.errors import Conflict, NotFound
from connector.storage import documents, quarantine
from connector.storage.quarantine import Refusal
from connector.storage.staging import Refused
from connector.usecases import orders
from connector.usecases.document_rows import (
    KEYS,
    Row,
    as_record,
    differing,
    grouped,
    read_ack,
    read_cancellation,
    read_invoice,
    read_tracking,
)
from connector.usecases.invoicing import take_invoice
from connector.usecases.nfe_cancelled import object_to_cancelled, raise_alarm
from connector.usecases.returning import take_cancellation
from connector.usecases.taking import Taking
from connector.usecases.trackings import take_tracking

UNKNOWN = "; it stays in the quarantine: connector quarantine retry takes it once the order is there"


@dataclass
class Outcome:
    """What a file's documents came to: sentences on what is new, and refused rows. `known` counts documents that were taken before."""

    news: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    known: int = 0


def take_rows(by: Taking, feed: str, rows: Sequence[Row], rejections: Sequence[Refused]) -> Outcome:
    """Take what the rows say, and list what is refused; `rejections` are the rows that could not be read."""
    outcome = Outcome(refusals=[_with_our_key(feed, one) for one in rejections])
    groups = grouped(feed, rows)
    spoiled = _spoiled(groups, outcome.refusals)
    for key, group in groups.items():
        taken = spoiled.get(key) or take_one(by, feed, group)
        if isinstance(taken, Objection):
            outcome.refusals += _refused(key, group, taken)
        elif taken:
            outcome.news.append(taken)
        else:
            outcome.known += 1
    outcome.refusals = [raise_alarm(by, one) for one in outcome.refusals]  # after the invoices of the same file
    outcome.refusals.sort(key=lambda refusal: refusal.line)
    _list(by, feed, outcome.refusals, groups)
    return outcome


def take_one(by: Taking, feed: str, group: Sequence[Row]) -> str | Objection:
    """Take one document: says in a sentence what is new, "" where it is known already; or objects, and nothing is changed."""
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
    found = documents.orders_of_invoice(by.tx, named.removeprefix(BY_INVOICE))
    if len(found) != 1:
        number = named.removeprefix(BY_INVOICE)
        several = f"several orders have an invoice {number}: {', '.join(order for order, _ in found)}"
        return Objection("invoice_number", number, several if found else f"no order has an invoice {number}{UNKNOWN}")
    order_id, number = found[0]
    return [(line, {**values, "order_id": order_id, "invoice_number": number}) for line, values in group]


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


# ── what is refused ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _with_our_key(feed: str, one: Refused) -> Refusal:
    """Follow a row that could not be read by its document's key."""
    width = len(KEYS[feed])
    key = one.key[:width] if one.key is not None and len(one.key) >= width else None
    return Refusal(one.line, one.column, one.value, one.reason, key, one.record)


def _spoiled(groups: dict[tuple[str, ...], list[Row]], refused: Sequence[Refusal]) -> dict[tuple[str, ...], Objection]:
    """Say which documents have a row that could not be read; one whose key cannot be seen spoils its neighbours, for it may be theirs."""
    owners = {line: key for key, group in groups.items() for line, _ in group}
    lines = sorted(owners)
    spoiled: dict[tuple[str, ...], Objection] = {}
    for one in refused:
        reason = f"line {one.line} of the same document is refused, and a document is taken whole or not at all"
        if one.key is not None:
            spoiled.setdefault(one.key, Objection("", "", reason))
            continue
        at = bisect(lines, one.line)
        for line in lines[max(0, at - 1) : at + 1]:
            spoiled.setdefault(owners[line], Objection("", "", f"line {one.line} beside it cannot be read, and may belong to it"))
    return spoiled


def _refused(key: tuple[str, ...], group: Sequence[Row], objection: Objection) -> list[Refusal]:
    """Refuse every row of a document; the line that is to blame says why, the others name it."""
    blamed = objection.line or group[0][0]
    beside = f"refused with line {blamed}: {objection.reason}"
    return [
        Refusal(line, objection.column, objection.value, objection.reason, key, as_record(values))
        if line == blamed
        else Refusal(line, "", "", beside, key, as_record(values))
        for line, values in group
    ]


def _list(by: Taking, feed: str, refusals: Sequence[Refusal], keys: Iterable[tuple[str, ...]]) -> None:
    """Close what was refused of these documents before, for this is the ERP's newest word, and list what is refused now."""
    named = {*keys, *(refusal.key for refusal in refusals if refusal.key is not None)}
    quarantine.heal(by.tx, feed, sorted(named), by.now)
    quarantine.add(by.tx, by.file_id, feed, refusals, by.now)
