"""The story of one order: what VTEX sent, what the ERP was given and said, what is reported, and what it waits for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from connector.app import App
from connector.domain.documents import DocumentKind, DocumentState
from connector.domain.messages import ERP
from connector.domain.money import units
from connector.domain.orders import OPEN_STATES, Order, OrderState
from connector.domain.telling import NOTHING_TO_DO, Sentence, Story, clock, listed, one_sentence
from connector.storage import counts, findings, order_story, reservations
from connector.usecases import left

STATES = {
    OrderState.PLACED: "was placed and waits for its authorization",
    OrderState.AUTHORIZED: "may be shipped and waits for its invoice",
    OrderState.CANCEL_ASKED: "is asked to be cancelled, and the ERP decides",
    OrderState.INVOICED: "is invoiced",
    OrderState.CANCELED: "is cancelled",
    OrderState.EXPIRED: "was never authorized and expired",
}
ITEMS = 3


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of an order: what is told about it, its documents, what it holds, how its marketplace stands."""

    order: Order
    messages: list[dict[str, Any]]
    papers: list[dict[str, Any]]
    holds: list[dict[str, Any]]
    standing: dict[str, Any]
    letters: list[int]
    lies: tuple[str, ...]
    zone: ZoneInfo
    has_left: bool

    @property
    def waiting(self) -> list[dict[str, Any]]:
        return [one for one in self.messages if one["state"] in ("pending", "sending", "publishing")]


def story(app: App, order: Order) -> Story:
    """Tell all of one order."""
    with app.db.read() as tx:
        known = _known(app, tx, order)
    sentences = tuple(Sentence(topic, text) for topic, text in _told(known))
    verdict = f"Order {order.order_id} {STATES[order.state]}."
    return Story("order", order.order_id, verdict, sentences, next(_todo(known)), _facts(known))


def _known(app: App, tx: Connection, order: Order) -> Known:
    messages = order_story.messages(tx, order.order_id)
    lying = findings.not_picked_up(tx) if app.settings.orders.pickup_minutes else None
    return Known(
        order=order,
        messages=messages,
        papers=order_story.papers(tx, order.order_id),
        holds=[dict(row) for row in reservations.of_order(tx, order.order_id) if row["released_at"] is None and row["until"] > app.now],
        standing=counts.marketplaces_now(tx, app.now).get(order.account, {}),
        letters=[one["id"] for one in messages if one["state"] == "dead"],
        lies=tuple(name for name in (lying.names if lying else ()) if order.order_id in name),
        zone=ZoneInfo(app.settings.schedule.timezone),
        has_left=app.settings.marketplace(order.account) is None,
    )


# ── sentences ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _told(known: Known) -> Iterator[tuple[str, str]]:
    yield from _placed(known)
    for event in known.order.history[1:]:
        detail = f": {one_sentence(event.detail)}" if event.detail else ""
        yield "history", f"{clock(event.at, known.zone)}: {event.what}{detail}."
    yield "erp", _acked(known)
    for paper in known.papers:
        yield "document", _paper(paper, known)
    for message in known.messages:
        if message["state"] == "dead":
            yield "letter", f"A message was given up ({message['kind']}): {one_sentence(message['reason'] or 'no reason was noted')}."
    for message in known.waiting:
        yield "waits", _waits(message, known)
        if message["kind"] in list(DocumentKind) and message["state"] == "pending" and message["attempt"]:
            yield "waits", _way_out(message)
    if known.holds:
        held = listed([f"{one['quantity']} of {one['sku']}" for one in known.holds])
        yield "stock", f"It holds {held} until {clock(known.holds[0]['until'], known.zone)} at most."


def _placed(known: Known) -> Iterator[tuple[str, str]]:
    order, zone = known.order, known.zone
    items = listed([f"{item.quantity} of {item.sku}" for item in order.items], ITEMS)
    yield "order", f"{order.account} placed it on {clock(order.placed_at, zone)} as {order.marketplace_order_id}."
    yield "order", f"It asks for {items}, {units(order.totals.total)} in all, in sales channel {order.sales_channel}."
    for flag in order.flags:
        yield "order", f"It was taken with a doubt: {one_sentence(flag)}."


def _acked(known: Known) -> str:
    order = known.order
    if order.acked_at is None:
        return "The ERP has not said that it took it."
    number = f" as {order.erp_order_id}" if order.erp_order_id else ""
    return f"The ERP took it{number} on {clock(order.acked_at, known.zone)}."


def _paper(paper: dict[str, Any], known: Known) -> str:
    name = f"{paper['kind']} {paper['number']}".strip()
    if paper["reported_at"]:
        return f"The {name} was taken on {clock(paper['taken_at'], known.zone)} and reported on {clock(paper['reported_at'], known.zone)}."
    why = f": {one_sentence(paper['reason'])}" if paper["reason"] else ""
    return f"The {name} was taken on {clock(paper['taken_at'], known.zone)} and is {paper['state']}{why}."


def _waits(message: dict[str, Any], known: Known) -> str:
    to = "the ERP" if message["destination"] == ERP else message["destination"]
    if message["state"] == "publishing":
        return f"The {message['kind']} for {to} is written and not published yet."
    why = f": {one_sentence(message['reason'])}" if message["reason"] else ""
    return f"The {message['kind']} for {to} waits since {clock(message['due_at'], known.zone)} after {message['attempt']} attempts{why}."


def _way_out(message: dict[str, Any]) -> str:
    never = f"Where {message['destination']} will never take it and does not have it"
    return f"{never}, it can be given up: connector dead-letters discard {message['id']}."


# ── what to do ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _todo(known: Known) -> Iterator[str]:
    order, name = known.order, known.order.account
    if known.letters:
        yield f"Look at what was given up: connector dead-letters show {known.letters[0]}"
    to_them = [one for one in known.waiting if one["destination"] == name]
    if to_them and known.has_left:
        yield f"{name} is not in the settings: {left.REMEDY}"
    if to_them and known.standing.get("paused"):
        yield f"Start the marketplace again: connector resume {name}"
    if to_them and known.standing.get("needs_a_person"):
        yield "Mend the credentials, then: connector run report-documents"
    if any(one["state"] == "publishing" for one in known.waiting):
        yield "Is the ERP's folder there? Then: connector run export-orders"
    if known.lies:
        yield f"The ERP has not taken {listed(known.lies)}: does its import run?"
    yield from _unsent_invoices(known.papers)
    if any(one["destination"] == ERP for one in known.waiting):
        yield "Wait for the next pass, or: connector run export-orders"
    if to_them:
        yield "Wait for the next pass, or: connector run report-documents"
    yield from _by_state(order)


def _unsent_invoices(papers: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what nobody but the ERP can end: a carrier's word of an invoice that it never sent."""
    sent = [one["number"] for one in papers if one["kind"] == DocumentKind.INVOICE]
    for one in papers:
        is_carriers = one["kind"] in (DocumentKind.TRACKING, DocumentKind.DELIVERY)
        if is_carriers and one["state"] == DocumentState.WAITING and one["number"] not in sent:
            again = f", or that again with an invoice it sent: {listed(sent)}" if sent else ""
            yield f"Let the ERP send invoice {one['number']}, which {one['kind']} waits for{again}."


def _by_state(order: Order) -> Iterator[str]:
    match order.state:
        case OrderState.PLACED:
            yield f"Nothing: {order.account} authorizes it when it is paid; it must not be shipped before."
        case OrderState.CANCEL_ASKED:
            yield "The ERP answers with a cancellations row for yes, or with its invoice for no."
        case OrderState.AUTHORIZED if order.acked_at is None:
            yield "Look whether the ERP imported it; it is shipped and invoiced there."
        case OrderState.AUTHORIZED:
            yield "The ERP ships it and sends its invoice."
    yield NOTHING_TO_DO


def _facts(known: Known) -> dict[str, Any]:
    order = known.order
    return {
        "state": order.state.value,
        "is_open": order.state in OPEN_STATES,
        "marketplace": order.account,
        "marketplace_order_id": order.marketplace_order_id,
        "placed_at": order.placed_at,
        "erp_order_id": order.erp_order_id,
        "acked_at": order.acked_at,
        "messages": known.messages,
        "documents": known.papers,
        "holds": known.holds,
    }
