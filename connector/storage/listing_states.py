"""What each marketplace knows of each SKU: what an answer, or the lack of one, makes of a listing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, case, func, null, select, update

from connector.domain.listings import ASKED_ABOUT, Listing, ListingState, next_look
from connector.domain.messages import Kind
from connector.storage import outbox
from connector.storage.tables import Instant
from connector.storage.tables import listings as t
from connector.storage.upsert import insert

OVER: dict[str, Any] = {
    **dict.fromkeys(("suggestion_hash", "look_again_at", "denied_at", "word", "note", "remedy")),
    "denials": 0,
}
"""What is left of a suggestion when it is over: nothing."""


def find(tx: Connection, account: str, sku: str) -> Listing | None:
    """Return what a marketplace knows of a SKU, or None where it was never told of it."""
    row = tx.execute(select(t).where(t.c.account == account, t.c.sku == sku)).first()
    return None if row is None else _listing(row)


def page(tx: Connection, account: str, state: str | None, limit: int) -> list[Listing]:
    """Return a marketplace's listings in the order of their SKUs, those of one state or of all."""
    query = select(t).where(t.c.account == account).order_by(t.c.sku).limit(limit)
    return [_listing(row) for row in tx.execute(query if state is None else query.where(t.c.state == state))]


def by_state(tx: Connection) -> dict[str, dict[str, int]]:
    """Count listings by marketplace and state, each in alphabetical order."""
    account = tx.execute(select(func.min(t.c.account))).scalar()
    if account is not None and account == tx.execute(select(func.max(t.c.account))).scalar():
        return {account: _of_the_only_one(tx, account)}
    found: dict[str, dict[str, int]] = {}
    counts = select(t.c.account, t.c.state, func.count()).group_by(t.c.account, t.c.state)
    for name, state, number in tx.execute(counts.order_by(t.c.account, t.c.state)):
        found.setdefault(name, {})[state] = number
    return found


def _of_the_only_one(tx: Connection, account: str) -> dict[str, int]:
    """Count a marketplace's listings by state; those known are what the others leave, which spares us a walk past a million SKUs."""
    known = ListingState.KNOWN.value
    others = select(t.c.state, func.count()).where(t.c.account == account, t.c.state.in_([one for one in ListingState if one != known]))
    found = {row[0]: row[1] for row in tx.execute(others.group_by(t.c.state))}
    rest = tx.execute(select(func.count()).select_from(t)).scalar_one() - sum(found.values())
    return dict(sorted((found | ({known: rest} if rest else {})).items()))


def _listing(row: Any) -> Listing:
    return Listing(**{**row._mapping, "state": ListingState(row.state)})  # noqa: SLF001  # SQLAlchemy's public name for it


# ── what an answer says ─────────────────────────────────────────────────────────────────────────────────────────────────
def told(tx: Connection, account: str, skus: Sequence[str], now: datetime) -> None:
    """Record that the catalogue knows SKUs: whatever was suggested of them is over."""
    rows = [{"account": account, "sku": sku, "state": ListingState.KNOWN, "told_at": now} for sku in sorted(skus)]
    if rows:
        statement = insert(tx, t)
        fresh = {"state": ListingState.KNOWN, "told_at": statement.excluded.told_at, **OVER}
        tx.execute(statement.on_conflict_do_update(index_elements=["account", "sku"], set_=fresh), rows)


def known(tx: Connection, account: str, skus: Sequence[str], now: datetime) -> list[str]:
    """Record that the catalogue knows SKUs; return those of which that is news."""
    mine = (t.c.account == account, t.c.sku.in_(skus), t.c.state == ListingState.KNOWN)
    already = set(tx.execute(select(t.c.sku).where(*mine)).scalars())
    told(tx, account, skus, now)
    return [sku for sku in skus if sku not in already]


def touched(tx: Connection, account: str, skus: Sequence[str], now: datetime) -> None:
    """Record that a price or stock was told of SKUs; whether they are known is not said by that."""
    tx.execute(update(t).where(t.c.account == account, t.c.sku.in_(skus)).values(told_at=now))


def unknown(tx: Connection, account: str, skus: Sequence[str], now: datetime) -> None:
    """Record that the catalogue does not know SKUs; a suggestion that lies there goes on lying there, and its note stands."""
    state = case((t.c.state == ListingState.KNOWN, ListingState.UNKNOWN.value), else_=t.c.state)
    fresh = [{"account": account, "sku": sku, "state": ListingState.UNKNOWN, "told_at": now} for sku in sorted(skus)]
    statement = insert(tx, t).on_conflict_do_update(index_elements=["account", "sku"], set_={"told_at": now, "state": state})
    tx.execute(statement, fresh)


def not_for_sale(tx: Connection, account: str, sku: str, note: str, remedy: str) -> None:
    """Record why a SKU that the catalogue does not know is not suggested, though nothing is wrong with its content."""
    state = case((t.c.state.in_(ASKED_ABOUT), t.c.state), else_=ListingState.UNKNOWN.value)
    said = {"note": note, "remedy": remedy, "look_again_at": None}
    _put(tx, account, sku, {"state": ListingState.UNKNOWN, **said}, {"state": state, **said})


def withheld(tx: Connection, account: str, sku: str, note: str, remedy: str, *, refused: str | None = None) -> None:
    """Record that a SKU is not suggested because of what its content is; `refused` is the suggestion that was refused for good."""
    fresh = {"state": ListingState.WITHHELD, "note": note, "remedy": remedy, "look_again_at": None, "suggestion_hash": refused}
    _put(tx, account, sku, fresh, {**fresh, "suggested_at": null()})


def suggested(tx: Connection, account: str, sku: str, fingerprint: str, *, note: str | None, now: datetime) -> None:
    """Record what was suggested, and when to ask what became of it. The same suggestion put again keeps its denials."""
    fresh = {**_waits(ListingState.SUGGESTED, fingerprint, now), "note": note, "remedy": None, "word": None}
    denials = case((t.c.suggestion_hash == fingerprint, t.c.denials), else_=0)
    _put(tx, account, sku, fresh, {**fresh, "denials": denials, "denied_at": null()})


def settled(tx: Connection, account: str, sku: str, fingerprint: str, *, note: str, now: datetime) -> None:
    """Record that the marketplace takes no change to a suggestion, since it is judged; a denied one is denied for good."""
    was_denied: ColumnElement[bool] = t.c.state == ListingState.DENIED
    state = case((was_denied, t.c.state), else_=ListingState.ACCEPTED.value)
    fresh = {**_waits(ListingState.ACCEPTED, fingerprint, now), "note": note}
    _put(tx, account, sku, fresh, {**fresh, "state": state, "denials": case((was_denied, 2), else_=t.c.denials)})


def catalogued(tx: Connection, account: str, sku: str, fingerprint: str, *, note: str, now: datetime) -> None:
    """Record that the catalogue has a SKU already; what was suggested stays known, lest it be put again at once."""
    fresh = {**OVER, **_waits(ListingState.KNOWN, fingerprint, now), "look_again_at": None, "note": note}
    _put(tx, account, sku, fresh, fresh)


def _waits(state: ListingState, fingerprint: str, now: datetime) -> dict[str, Any]:
    return {"state": state, "suggestion_hash": fingerprint, "suggested_at": now, "told_at": now, "look_again_at": next_look(now, now)}


def _put(tx: Connection, account: str, sku: str, fresh: dict[str, Any], changed: dict[str, Any]) -> None:
    statement = insert(tx, t).values(account=account, sku=sku, **fresh)
    tx.execute(statement.on_conflict_do_update(index_elements=["account", "sku"], set_=changed))


# ── what became of a suggestion ─────────────────────────────────────────────────────────────────────────────────────────
def look_again(tx: Connection, account: str, now: datetime, limit: int) -> int:
    """Ask what became of up to `limit` suggestions whose time has come; returns how many."""
    due = select(t.c.sku, t.c.suggested_at).where(t.c.account == account, t.c.look_again_at <= now).order_by(t.c.look_again_at).limit(limit)
    rows = tx.execute(due).all()
    if rows:
        outbox.put(tx, account, Kind.STATUS, sorted(row.sku for row in rows), now)
        later = update(t).where(t.c.account == account, t.c.sku == bindparam("of")).values(look_again_at=bindparam("at", type_=Instant))
        tx.execute(later, [{"of": row.sku, "at": next_look(row.suggested_at, now)} for row in rows])
    return len(rows)


def looked(tx: Connection, listing: Listing, became: tuple[ListingState, str], noted: tuple[str | None, str | None], now: datetime) -> None:
    """Record what became of a suggestion, as a state and in the marketplace's own word; `noted` is a note and its remedy."""
    (state, word), (note, remedy) = became, noted
    fresh: dict[str, Any] = {"state": state, "word": word, "looked_at": now, "note": note, "remedy": remedy}
    if state is ListingState.DENIED and listing.state is not ListingState.DENIED:
        fresh |= {"denied_at": now, "denials": t.c.denials + 1}
    tx.execute(update(t).where(_lies_there(listing)).values(fresh))


def forgotten(tx: Connection, listing: Listing, note: str, now: datetime) -> None:
    """Record that the marketplace has no such suggestion any more."""
    tx.execute(update(t).where(_lies_there(listing)).values({**OVER, "state": ListingState.UNKNOWN, "looked_at": now, "note": note}))


def look_at(tx: Connection, account: str, sku: str, at: datetime | None) -> None:
    """Ask about a SKU next at an instant; None: not before something about it changes."""
    tx.execute(update(t).where(t.c.account == account, t.c.sku == sku).values(look_again_at=at))


def _lies_there(listing: Listing) -> ColumnElement[bool]:
    return (t.c.account == listing.account) & (t.c.sku == listing.sku) & t.c.state.in_(ASKED_ABOUT)
