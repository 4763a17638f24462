"""What asks for a person, as rows: files that came, what is held, refused or given up, orders that the ERP rejected or does not take."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, case, exists, func, literal_column, or_, select

from connector.domain.alarms import Arrival
from connector.domain.messages import ERP, FILE_KINDS, Kind
from connector.domain.standing import FAILURES_IN_A_ROW
from connector.storage import watermarks
from connector.storage.message_states import IN_HAND, PENDING
from connector.storage.order_story import REJECTED
from connector.storage.tables import files, holds, marketplaces, order_events, orders, outbox, rejections

NOT_PICKED_UP = "not-picked-up"
NAMED = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """How many things of one subject there are, since when the oldest, and some of them by name; `files` of them are whole files."""

    subject: str
    count: int
    since: datetime
    names: tuple[str, ...] = ()
    files: int = 0


def last_arrival(tx: Connection, feed: str) -> datetime | None:
    """Say when the feed's last file was taken, whatever became of it."""
    return tx.execute(select(files.c.taken_at).where(files.c.feed == feed).order_by(files.c.id.desc()).limit(1)).scalar()


def arrivals(tx: Connection, feed: str, limit: int) -> dict[str, list[Arrival]]:
    """Return the feed's last files that were applied or held, newest first, by name for freight (each name is full by itself), else by "".

    What was superseded says nothing about size, and what was refused whole is another alarm's.
    """
    query = select(files.c.name, files.c.taken_at, files.c.rows_read).where(files.c.feed == feed, files.c.state.in_(("applied", "held")))
    found: dict[str, list[Arrival]] = {}
    for row in tx.execute(query.order_by(files.c.id.desc()).limit(limit)):
        found.setdefault(row.name if feed == "freight" else "", []).append(Arrival(row.name, row.taken_at, row.rows_read))
    return found


def held(tx: Connection) -> list[Finding]:
    """Find, by feed, the files and rows that wait for a person's yes."""
    waiting = select(holds.c.feed, func.count(), func.min(holds.c.held_at)).where(holds.c.state == literal_column("'held'"))
    return [Finding(*row) for row in tx.execute(waiting.group_by(holds.c.feed).order_by(holds.c.feed))]


def quarantined(tx: Connection) -> list[Finding]:
    """Find, by feed, the refused rows and files that no good one has healed."""
    whole = case((files.c.state == "refused", rejections.c.file_id))
    of_file = func.coalesce(-whole, rejections.c.id)  # a file refused whole is one thing
    refused = select(
        rejections.c.feed, func.count(of_file.distinct()), func.min(rejections.c.refused_at), func.count(whole.distinct()).label("files")
    )
    open_ones = refused.join(files, files.c.id == rejections.c.file_id).where(rejections.c.healed_at.is_(None))
    found = tx.execute(open_ones.group_by(rejections.c.feed).order_by(rejections.c.feed))
    return [Finding(row[0], row[1], row[2], files=row.files) for row in found]


def dead_letters(tx: Connection) -> list[Finding]:
    """Find, by destination, what was given up."""
    since = func.coalesce(func.min(outbox.c.settled_at), func.min(outbox.c.put_at), type_=outbox.c.put_at.type)
    dead = select(outbox.c.destination, func.count(), since).where(outbox.c.state == literal_column("'dead'"))
    return [Finding(*row) for row in tx.execute(dead.group_by(outbox.c.destination).order_by(outbox.c.destination))]


def blocked(tx: Connection, accounts: Collection[str]) -> dict[str, tuple[str, bool]]:
    """Return why each marketplace takes nothing, and whether it needs a person: from the refusal until a call succeeds again.

    One whose circuit is closed, since a single message waits, takes nothing either after five failures in a row.
    """
    t = marketplaces.c
    takes_nothing = or_(t.blocked_reason.is_not(None), t.failures_in_a_row >= FAILURES_IN_A_ROW)
    rows = tx.execute(select(marketplaces).where(takes_nothing, t.account.in_(accounts)).order_by(t.account)).all()
    found = {row.account: (row.blocked_reason or _failing(tx, row.account, row.failures_in_a_row), row.needs_a_person) for row in rows}
    return {account: (reason, needs_a_person) for account, (reason, needs_a_person) in found.items() if reason}


def _failing(tx: Connection, account: str, times: int) -> str:
    """Say what a message that waits failed with; "" where it waits no longer."""
    tried = select(outbox.c.reason).where(outbox.c.destination == account, PENDING, outbox.c.reason.is_not(None))
    reason = tx.execute(tried.order_by(outbox.c.attempted_at.desc()).limit(1)).scalar()
    return f"failed {times} times in a row: {reason}" if reason else ""


def rejected_by_erp(tx: Connection, since: datetime) -> Finding | None:
    """Find the orders that the ERP rejected since an instant."""
    events = order_events.c
    query = select(events.order_id, events.at).where(events.what == literal_column(f"'{REJECTED}'"), events.at >= since)
    return _finding([(row.order_id, row.at) for row in tx.execute(query.order_by(events.at, events.id))])


def _finding(found: list[tuple[str, datetime]]) -> Finding | None:
    names = tuple(name for name, _ in found[:NAMED])
    return Finding("orders", len(found), min(at for _, at in found), names) if found else None


def not_written(tx: Connection, due_by: datetime) -> Finding | None:
    """Find the files for the ERP that were due by an instant and are not written yet.

    Behind an order file that is dead, or that was tried and waits, they are that one's.
    """
    first = outbox.alias("first")
    same_order = and_(first.c.reference == func.coalesce(outbox.c.order_id, outbox.c.reference), first.c.id != outbox.c.id)
    fails = or_(first.c.state == "dead", and_(first.c.state == "pending", first.c.attempt > 0))
    is_behind = exists().where(same_order, first.c.destination == ERP, first.c.kind == Kind.ORDER_FILE.value, fails)
    due = [outbox.c.destination == ERP, outbox.c.kind.in_([kind.value for kind in FILE_KINDS]), outbox.c.due_at <= due_by, ~is_behind]
    waiting: list[tuple[str, datetime]] = []
    for state in (PENDING, IN_HAND):  # apart, for each along its index
        query = select(outbox.c.kind, outbox.c.reference, outbox.c.due_at).where(state, *due)
        waiting += [(f"{row.kind} {row.reference}", row.due_at) for row in tx.execute(query)]
    return _finding(sorted(waiting, key=lambda one: (one[1], one[0])))


# ── order files that the ERP does not take ──────────────────────────────────────────────────────────────────────────────
def written(tx: Connection, kind: Kind, before: datetime) -> dict[str, datetime]:
    """Return when the files of a kind were published, by order: those before an instant that the ERP has not acknowledged."""
    unread = select(outbox.c.reference, func.max(outbox.c.settled_at)).join(orders, orders.c.order_id == outbox.c.reference)
    mine = [outbox.c.destination == ERP, outbox.c.kind == kind.value, outbox.c.state == "delivered", outbox.c.settled_at <= before]
    if kind is Kind.ORDER_FILE:
        mine.append(orders.c.acked_at.is_(None))
    return {row[0]: row[1] for row in tx.execute(unread.where(*mine).group_by(outbox.c.reference))}


def note_not_picked_up(tx: Connection, found: Mapping[str, datetime]) -> None:
    """Keep which files lay in the target at the last look, by path, and since when."""
    text = json.dumps({path: at.isoformat() for path, at in sorted(found.items())}) if found else ""
    if text != (watermarks.value(tx, NOT_PICKED_UP) or ""):
        watermarks.put(tx, NOT_PICKED_UP, text)


def not_picked_up(tx: Connection) -> Finding | None:
    """Find the files that lay in the target at the last look, but for orders that the ERP has acknowledged meanwhile."""
    noted = json.loads(watermarks.value(tx, NOT_PICKED_UP) or "{}")
    ids = {path: path.rpartition("/")[2].partition(".")[0] for path in noted if path.startswith("orders/")}
    acked = set(tx.execute(select(orders.c.order_id).where(orders.c.order_id.in_(ids.values()), orders.c.acked_at.is_not(None))).scalars())
    left = [(path, datetime.fromisoformat(at)) for path, at in noted.items() if ids.get(path) not in acked]
    return _finding(sorted(left, key=lambda one: (one[1], one[0])))
