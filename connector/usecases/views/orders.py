"""Orders as the console shows them: found, and one with its whole story in one line of time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from connector.app import App
from connector.domain.orders import Order, OrderState
from connector.storage import acts, order_story, reservations
from connector.storage import orders as store
from connector.storage.acts import Act
from connector.storage.views import orders as rows
from connector.storage.views.orders import Cursor
from connector.usecases import why_order
from connector.vtex import personal

PAGE = 50
LONGEST_SEARCH = 200
SHOWN_FOR = timedelta(minutes=10)
"""After a person asked for personal data, it is shown to that person for so long."""
STATES = tuple(state.value for state in OrderState)
_BEYOND = re.compile(r"[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of an order's time: `source` says who speaks (order, file, call, document, carrier, person), `what` is a word or name.

    `cents` is what a document is worth.
    """

    at: datetime
    source: str
    what: str
    detail: str = ""
    state: str = ""
    act: Act | None = None
    file: int | None = None
    cents: int | None = None


def page(app: App, state: str, before: Cursor | None) -> tuple[list[dict[str, Any]], Cursor | None]:
    """List orders, the newest first; returns them and where to go on."""
    with app.db.read() as tx:
        found = rows.page(tx, state if state in STATES else "", before, PAGE + 1)
    last = found[PAGE - 1] if len(found) > PAGE else None
    return found[:PAGE], (last["placed_at"], last["order_id"]) if last else None


def search(app: App, text: str) -> list[dict[str, Any]]:
    """Find orders by an id or its beginning, the ERP's number, a CPF or CNPJ, a SKU."""
    wanted = _BEYOND.sub("", text).strip()[:LONGEST_SEARCH]
    if not wanted:
        return []
    bare = re.sub(r"[^0-9A-Za-z]", "", wanted).upper()
    with app.db.read() as tx:
        return rows.search(tx, wanted, {wanted, bare}, PAGE)


def order(app: App, reference: str, who: str, asked: int | None) -> dict[str, Any]:
    """Tell all of one order; personal data is masked, unless this person asked for it within ten minutes. Raises NotFound, Conflict."""
    with app.db.read() as tx:
        found = store.find(tx, reference)
        is_shown = _may_see(tx, found, who, asked, app.now)
        done = acts.about(tx, [found.order_id, found.marketplace_order_id])
        moments = sorted(_moments(tx, found, done), key=lambda one: one.at)
        papers, held = rows.papers(tx, found.order_id), reservations.of_order(tx, found.order_id)
    return {
        "order": found,
        "story": why_order.story(app, found),
        "moments": moments,
        "papers": papers,
        "held": held,
        "client": found.client if is_shown else personal.masked(found.client),
        "address": found.address if is_shown else personal.masked(found.address),
        "raw": found.raw if is_shown else personal.masked_order(found.raw),
        "is_shown": is_shown,
        "has_dead": any(one.state == "dead" for one in moments),
    }


def _may_see(tx: Connection, found: Order, who: str, asked: int | None, now: datetime) -> bool:
    act = None if asked is None else acts.find(tx, asked)
    is_hers = act is not None and (act.what, act.about, act.who) == ("reveal-person", found.order_id, who)
    return act is not None and is_hers and now - act.at < SHOWN_FOR


# ── the line of time ────────────────────────────────────────────────────────────────────────────────────────────────────
def _moments(tx: Connection, found: Order, done: list[Act]) -> Iterator[Moment]:
    for event in found.history:
        yield Moment(event.at, "order", event.what, event.detail)
    for message in order_story.messages(tx, found.order_id):
        yield _of_message(message)
    for paper in rows.papers(tx, found.order_id):
        yield from _of_paper(paper)
    for act in done:
        yield Moment(act.at, "person", act.what, act.outcome, act.state, act)


def _of_message(message: dict[str, Any]) -> Moment:
    at = message["settled_at"] or message["due_at"]
    return Moment(at, "file" if message["destination"] == "erp" else "call", message["kind"], message["reason"] or "", message["state"])


def _of_paper(paper: dict[str, Any]) -> Iterator[Moment]:
    content, number = paper["content"], paper["number"]
    yield Moment(paper["taken_at"], "document", paper["kind"], number, paper["state"], None, paper["file_id"], content.get("value_cents"))
    if paper["reported_at"]:
        yield Moment(paper["reported_at"], "receipt", paper["kind"], f"{number} {paper['receipt'] or ''}".strip(), "reported")
    for event in content.get("events", ()):
        at = datetime.fromisoformat(f"{event['on']}T23:59:59+00:00")  # carriers tell the day alone
        yield Moment(at, "carrier", event["description"], " ".join(filter(None, (event["city"], event["state"]))))
