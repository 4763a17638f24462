"""What lies where: the counts behind `connector status`, quick also with a million SKUs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, func, literal_column, select

from connector.domain.messages import TELLING_KINDS
from connector.storage.message_states import DEAD, PENDING, PUBLISHING, SENDING
from connector.storage.tables import documents, files, freight, holds, marketplaces, orders, outbox, prices, products, rejections, stock


def snapshot(tx: Connection) -> dict[str, int]:
    """Count SKUs, prices, stock rows and freight rows."""
    return {"skus": _count(tx, products), "prices": _count(tx, prices), "stock": _count(tx, stock), "freight": _count(tx, freight)}


def _count(tx: Connection, table: Table) -> int:
    return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def last_applied(tx: Connection, feed: str) -> dict[str, Any] | None:
    """Return the feed's last applied file: name, its own time, when it was applied, rows read and refused."""
    found = (
        select(files)
        .where(files.c.feed == feed, files.c.state == "applied", files.c.settled_at.is_not(None))
        .order_by(files.c.id.desc())
        .limit(1)
    )
    row = tx.execute(found).mappings().first()
    return {key: row[key] for key in ("name", "modified_at", "settled_at", "rows_read", "rows_refused")} if row else None


def told_at(tx: Connection, feed: str) -> datetime | None:
    """Say when the ERP last told us the feed: when the file applied last was taken (one that waited for a person's yes was told before)."""
    told = select(files.c.taken_at).where(files.c.feed == feed, files.c.state == literal_column("'applied'"))
    return tx.execute(told.order_by(files.c.id.desc()).limit(1)).scalar()


_IN_STATE = {"pending": PENDING, "sending": SENDING, "publishing": PUBLISHING, "dead": DEAD}


def untold(tx: Connection) -> dict[str, int]:
    """Count, by marketplace, the SKUs about which anything is still untold.

    Messages that wait are counted by kind, along their index, and those of a SKU that another kind counted already are taken off again:
    to gather a million SKUs only to count them takes seconds. What is under way is little.
    """
    found: dict[str, int] = {}
    kinds: dict[str, list[str]] = {}
    for destination, kind, number in tx.execute(_waiting_by_kind()):
        found[destination] = found.get(destination, 0) + number - _counted_already(tx, destination, kind, kinds.get(destination, []))
        kinds.setdefault(destination, []).append(kind)
    under_way = select(outbox.c.destination, func.count(outbox.c.reference.distinct())).where(SENDING, _TELLING, ~_waits_too())
    for destination, number in tx.execute(under_way.group_by(outbox.c.destination)):
        found[destination] = found.get(destination, 0) + number
    return found


_TELLING = outbox.c.kind.in_(TELLING_KINDS)


def _waiting_by_kind() -> Select[Any]:
    """Count what waits by destination and kind, the most first: for these nothing is looked up."""
    columns = outbox.c.destination, outbox.c.kind
    return select(*columns, func.count()).where(PENDING, _TELLING).group_by(*columns).order_by(func.count().desc(), *columns)


def _counted_already(tx: Connection, destination: str, kind: str, kinds: list[str]) -> int:
    """Count the messages of a kind whose SKU has one of these kinds too."""
    if not kinds:
        return 0
    other = outbox.alias("other")
    is_one = (other.c.state == literal_column("'pending'"), other.c.kind.in_(kinds), other.c.reference == outbox.c.reference)
    twin = select(other.c.id).where(other.c.destination == destination, *is_one).exists()
    mine = PENDING, outbox.c.destination == destination, outbox.c.kind == kind, twin
    return int(tx.execute(select(func.count()).select_from(outbox).where(*mine)).scalar_one())


def _waits_too() -> ColumnElement[bool]:
    other = outbox.alias("other")
    same = other.c.destination == outbox.c.destination, other.c.reference == outbox.c.reference
    return select(other.c.id).where(other.c.state == literal_column("'pending'"), other.c.kind.in_(TELLING_KINDS), *same).exists()


def waiting_messages(tx: Connection) -> dict[str, dict[str, int]]:
    """Count what waits or is under way, by destination and kind."""
    return _by_destination(tx, "pending", "sending", "publishing")


def dead_letters(tx: Connection) -> dict[str, dict[str, int]]:
    """Count what was given up, by destination and kind."""
    return _by_destination(tx, "dead")


def _by_destination(tx: Connection, *states: str) -> dict[str, dict[str, int]]:
    columns = outbox.c.destination, outbox.c.kind
    found: dict[str, dict[str, int]] = {}
    for state in states:
        for destination, kind, number in tx.execute(select(*columns, func.count()).where(_IN_STATE[state]).group_by(*columns)):
            of_kind = found.setdefault(destination, {})
            of_kind[kind] = of_kind.get(kind, 0) + number
    return found


def marketplaces_now(tx: Connection, now: datetime) -> dict[str, dict[str, Any]]:
    """Say of each marketplace whether it is paused or blocked, until when and why, and how much it was told."""
    return {
        row["account"]: {
            "paused": row["paused"],
            "blocked": row["needs_a_person"] or (row["blocked_until"] is not None and row["blocked_until"] > now),
            "blocked_until": row["blocked_until"],
            "blocked_reason": row["blocked_reason"],
            "needs_a_person": row["needs_a_person"],
            "delivered": row["delivered"],
            "rate_per_minute": None if row["rate"] is None else round(row["rate"], 1),
            "refused_at": row["refused_at"],
        }
        for row in tx.execute(select(marketplaces)).mappings()
    }


def orders_now(tx: Connection) -> dict[str, Any]:
    """Count orders by state, and name those whose file is stuck between written and published."""
    by_state = {row[0]: row[1] for row in tx.execute(select(orders.c.state, func.count()).group_by(orders.c.state))}
    stuck = select(outbox.c.reference).where(PUBLISHING).order_by(outbox.c.id).limit(20)
    return {"by_state": by_state, "publishing": list(tx.execute(stuck).scalars())}


def documents_waiting(tx: Connection) -> dict[str, int]:
    """Count the documents that wait for an authorization, or for another document, by kind."""
    waiting = select(documents.c.kind, func.count()).where(documents.c.state == "waiting").group_by(documents.c.kind)
    return {row[0]: row[1] for row in tx.execute(waiting.order_by(documents.c.kind))}


def held(tx: Connection) -> dict[str, dict[str, int]]:
    """Count, by feed, the files and rows that wait for a person's yes."""
    found: dict[str, dict[str, int]] = {}
    waiting = select(holds.c.feed, holds.c.what, func.count()).where(holds.c.state == "held").group_by(holds.c.feed, holds.c.what)
    for feed, what, number in tx.execute(waiting):
        found.setdefault(feed, {"files": 0, "rows": 0})[f"{what}s"] = number
    return found


def quarantine(tx: Connection) -> dict[str, dict[str, int]]:
    """Count, by feed, the refused rows that no good row has healed, and the files refused whole: these count as one, as they are listed."""
    found: dict[str, dict[str, int]] = {}
    alone = rejections.c.file_id.in_(select(files.c.id).where(files.c.state != "refused"))
    rows = select(rejections.c.feed, func.count()).where(rejections.c.healed_at.is_(None), alone).group_by(rejections.c.feed)
    is_listed = select(rejections.c.id).where(rejections.c.file_id == files.c.id, rejections.c.healed_at.is_(None)).exists()
    whole = select(files.c.feed, func.count()).where(files.c.state == "refused", is_listed).group_by(files.c.feed)
    for what, statement in (("files", whole), ("rows", rows)):
        for feed, number in tx.execute(statement):
            found.setdefault(feed, {"files": 0, "rows": 0})[what] = number
    return found
