"""Place orders: all of a request or none, in one transaction, and for ever the same answer to the same order."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection

from connector.app import App
from connector.domain import reserving
from connector.domain.messages import ERP, Kind
from connector.domain.orders import NewOrder
from connector.domain.placing import Terms, decide
from connector.domain.reserving import ID_BITS, order_id
from connector.errors import Conflict
from connector.storage import listings, order_story, outbox, reservations
from connector.storage import orders as store
from connector.usecases import disk, stock_terms
from connector.usecases.offers import on_offer
from connector.usecases.windows import orderable
from connector.vtex.endpoints import services_base
from connector.vtex.orders import answer

EXPORTED = "order file"
"""The event that says: the ERP gets, or has got, this order."""


def place(app: App, orders: Sequence[NewOrder]) -> list[bytes]:
    """Take the orders of one request (one account, one sales channel); returns the answers, JSON, in their order.

    On SQLite requests that come at the same moment share a transaction, each with an outcome of its own (decision 17).
    An order taken before is answered with the bytes of the first time (reliability 1c). Raises OrderRefused, with nothing taken;
    Conflict (FMT009) where an id comes with other content; DiskShort where there is no room to take a new one safely.
    """
    room = disk.own_places(app)  # looked at before others have to wait for it

    def piece(tx: Connection) -> list[bytes]:
        return _place(tx, app, orders, room, app.now)

    return app.db.placing.do(piece)


def _place(tx: Connection, app: App, orders: Sequence[NewOrder], room: Sequence[disk.Place], now: datetime) -> list[bytes]:
    store.one_at_a_time(tx)
    named = _distinct(orders)
    before = store.stored(tx, orders[0].account, list(named))
    for number, taken in before.items():
        _same_content(number, named[number].content_hash, taken.content_hash, taken.order_id)
    fresh = [new for number, new in named.items() if number not in before]
    if fresh:
        disk.refuse_when_short(room)
    answers = {number: taken.answer for number, taken in before.items()} | _take_all(tx, app, fresh, now)
    return [answers[order.marketplace_order_id] for order in orders]


def _distinct(orders: Sequence[NewOrder]) -> dict[str, NewOrder]:
    """Count an order that comes twice in one request once."""
    named: dict[str, NewOrder] = {}
    for order in orders:
        first = named.setdefault(order.marketplace_order_id, order)
        _same_content(order.marketplace_order_id, order.content_hash, first.content_hash, "in the same request")
    return named


def _same_content(number: str, content_hash: str, taken_hash: str, where: str) -> None:
    if content_hash != taken_hash:
        raise Conflict(f"order {number} was sent before with other content ({where}); an order's content never changes", code="FMT009")


def _take_all(tx: Connection, app: App, fresh: list[NewOrder], now: datetime) -> dict[str, bytes]:
    if not fresh:
        return {}
    flags = decide(fresh, _terms(tx, app, fresh, now))
    answers = {new.marketplace_order_id: _take(tx, app, new, flagged, now) for new, flagged in zip(fresh, flags, strict=True)}
    listings.announce(tx, app.marketplaces, _skus(fresh), Kind.INVENTORY, now)
    return answers


def _skus(orders: Sequence[NewOrder]) -> list[str]:
    return sorted({item.sku for order in orders for item in order.items})


def _terms(tx: Connection, app: App, fresh: list[NewOrder], now: datetime) -> Terms:
    skus = _skus(fresh)
    found = on_offer(app, tx, fresh[0].account, fresh[0].sales_channel, skus)
    known = reservations.named_skus(tx, [sku for sku in skus if sku not in found], now, stock_terms.kept_back(tx, app))
    rules = app.settings.orders
    return Terms(
        offers=found,
        known=known,
        slas=app.settings.shipping.ids,
        price_tolerance=rules.price_tolerance,
        refuses_other_totals=rules.total_mismatch == "refuse",
        windows={new.marketplace_order_id: orderable(app, tx, new, found, now) for new in fresh},
    )


def _take(tx: Connection, app: App, new: NewOrder, flags: tuple[str, ...], now: datetime) -> bytes:
    """Save one order with all that follows from it."""
    local = now.astimezone(ZoneInfo(app.settings.schedule.timezone))
    ours = _new_id(tx, local)
    answered = orjson.dumps(answer(new, ours))
    all_flags = (*flags, *_endpoint_flags(app, new))
    store.add(tx, new, ours, answer=answered, flags=all_flags, now=now)
    reservations.hold(tx, ours, reserving.reservations(new.items, local, app.settings.orders.reservation))
    order_story.event(tx, ours, now, "placed", f"by {new.account} as {new.marketplace_order_id}")
    for flag in all_flags:
        order_story.event(tx, ours, now, "flagged", flag)
    if app.settings.orders.export_on == "placement":
        export(tx, ours, now)
    return answered


def _new_id(tx: Connection, local: datetime) -> str:
    while True:
        ours = order_id(local.date(), secrets.randbits(ID_BITS))
        if not store.exists(tx, ours):
            return ours


def _endpoint_flags(app: App, new: NewOrder) -> list[str]:
    marketplace = app.settings.marketplace(new.account)
    flag = services_base(marketplace, new.services_endpoint).flag if marketplace else ""
    return [flag] if flag else []


def export(tx: Connection, ours: str, now: datetime, why: str = "") -> None:
    """Ask for the order's file to the ERP to be written."""
    outbox.put(tx, ERP, Kind.ORDER_FILE, [ours], now)
    order_story.event(tx, ours, now, EXPORTED, why or "to be written for the ERP")
