"""The ledger of files: which file was taken, what became of it, where it lies; and what was seen in the source but not yet taken."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, delete, exists, func, insert, or_, select, update

from connector.errors import NotFound
from connector.storage.tables import files as t
from connector.storage.tables import holds, looks, rejections
from connector.storage.upsert import insert as upsert

APART = timedelta(minutes=1)
"""How far nodes' clocks may be apart; a line dated further ahead was dated by one that was wrong."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger. `name` is the path below the source, `place` where the file lies now, below the project directory.

    `id` is None until it is recorded; with an id the line is written again (a held file approved, a refused one taken again).
    States: applied, refused, held, superseded, discarded.
    """

    feed: str
    name: str
    size: int
    modified_at: datetime
    sha256: str
    state: str
    rows_read: int = 0
    rows_refused: int = 0
    plan: dict[str, Any] = field(default_factory=dict)
    place: str | None = None
    moved_at: datetime | None = None
    id: int | None = None
    taken_at: datetime | None = None

    @property
    def of_its_own(self) -> str | None:
        """The name by which it is full, as freight is; None where its feed is as a whole."""
        return self.name if self.feed == "freight" else None

    def dated(self, now: datetime) -> datetime:
        """Return the time that an export counts by among others: its own, or when it was taken, where it is dated ahead of that."""
        return min(self.modified_at, self.taken_at or now)

    def is_ahead(self, now: datetime) -> bool:
        """Tell whether a clock that was wrong dated it, by both times."""
        return self.dated(now) > now + APART


dated = case((t.c.modified_at > t.c.taken_at, t.c.taken_at), else_=t.c.modified_at)
"""The time that a file counts by, as `Entry.dated` has it."""
_WRITTEN = ("feed", "name", "size", "modified_at", "sha256", "state", "rows_read", "rows_refused", "plan")
_FIELDS = (*_WRITTEN, "place", "moved_at", "id", "taken_at")


def entry_of(row: Any) -> Entry:
    """Return a row of the ledger as a value."""
    values = {name: row[name] for name in _FIELDS}
    return Entry(**{**values, "plan": values["plan"] or {}})


def record(tx: Connection, entry: Entry, now: datetime) -> int:
    """Write what became of a file, in the transaction that made it so; return the line's number.

    `moved_at` is left empty: until the file has left the source, a crash may come between, and the next pass moves it.
    """
    values = {name: getattr(entry, name) for name in _WRITTEN}
    if entry.id is not None:
        tx.execute(update(t).where(t.c.id == entry.id).values(**values, settled_at=now, moved_at=None))
        return entry.id
    return int(tx.execute(insert(t).values(**values, taken_at=now, settled_at=now).returning(t.c.id)).scalar_one())


def record_applied(tx: Connection, entry: Entry, now: datetime) -> int:
    """Write that an export was applied: it is the last one, and what a clock ahead of ours dated later is dated before it, in its order."""
    ahead = _of_feed(entry.feed, None, "applied").with_only_columns(t.c.id).where(t.c.settled_at >= now)
    numbers = tx.execute(ahead.order_by(t.c.settled_at.desc(), t.c.id.desc())).scalars().all()
    for before, number in enumerate(numbers, 1):
        tx.execute(update(t).where(t.c.id == number).values(settled_at=now - before * timedelta.resolution))
    return record(tx, entry, now)


def begin(tx: Connection, entry: Entry, now: datetime) -> int:
    """Write that a file is being taken, in more than one transaction; until it is recorded as a whole it is not settled."""
    values = {name: getattr(entry, name) for name in _WRITTEN}
    return int(tx.execute(insert(t).values(**values, taken_at=now, settled_at=None).returning(t.c.id)).scalar_one())


def note_progress(tx: Connection, number: int, progress: dict[str, Any]) -> None:
    """Note how far a file was taken, in the transaction that took it so far."""
    tx.execute(update(t).where(t.c.id == number).values(plan=progress))


def number_of(entry: Entry) -> int:
    """Return the number of a line that was recorded."""
    assert entry.id is not None
    return entry.id


def taken_at(tx: Connection, number: int) -> datetime:
    """Say when a file of the ledger was taken."""
    found: datetime = tx.execute(select(t.c.taken_at).where(t.c.id == number)).scalar_one()
    return found


def lies(tx: Connection, number: int, place: str) -> None:
    """Note where a file's copy lies, below the project directory; the file itself is still to leave the source."""
    tx.execute(update(t).where(t.c.id == number).values(place=place))


def moved(tx: Connection, number: int, place: str, now: datetime) -> None:
    """Note where a file lies now, and that it is nowhere else."""
    tx.execute(update(t).where(t.c.id == number).values(place=place, moved_at=now))


def left(tx: Connection, numbers: Sequence[int], now: datetime) -> None:
    """Note that files have left the source."""
    tx.execute(update(t).where(t.c.id.in_(numbers)).values(moved_at=now))


def still_to_leave(tx: Connection, feed: str) -> list[Entry]:
    """Return a feed's files that lie in their place and were in the source when this was last noted."""
    query = select(t).where(t.c.feed == feed, t.c.moved_at.is_(None), t.c.settled_at.is_not(None), t.c.place.is_not(None))
    return [entry_of(row) for row in tx.execute(query).mappings()]


def set_state(tx: Connection, number: int, state: str) -> None:
    tx.execute(update(t).where(t.c.id == number).values(state=state))


def one(tx: Connection, number: int) -> Entry:
    """Return a line of the ledger. Raises NotFound."""
    row = tx.execute(select(t).where(t.c.id == number)).mappings().first()
    if row is None:
        raise NotFound(f"there is no file {number} in the ledger", remedy="connector quarantine list")
    return entry_of(row)


def not_moved(tx: Connection, file: Entry) -> Entry | None:
    """Return a feed's line of this very file, where it was settled and a crash came before it left the source."""
    return _in_the_source(tx, file, t.c.settled_at.is_not(None))


def unfinished(tx: Connection, file: Entry) -> Entry | None:
    """Return a feed's line of this very file, where a crash came before the whole of it was taken; `plan` says how far it came."""
    return _in_the_source(tx, file, t.c.settled_at.is_(None))


def _in_the_source(tx: Connection, file: Entry, condition: ColumnElement[bool]) -> Entry | None:
    same = [t.c[name] == getattr(file, name) for name in ("feed", "name", "size", "modified_at", "sha256")]
    query = select(t).where(*same, t.c.moved_at.is_(None), condition).order_by(t.c.id.desc()).limit(1)
    row = tx.execute(query).mappings().first()
    return None if row is None else entry_of(row)


def _of_feed(feed: str, name: str | None, *states: str) -> Select[Any]:
    query = select(t).where(t.c.feed == feed, t.c.state.in_(states), t.c.settled_at.is_not(None))
    return query if name is None else query.where(t.c.name == name)


def last_applied(tx: Connection, feed: str, name: str | None = None) -> Entry | None:
    """Return the feed's (with `name`: that file name's) last applied file; one that a person approved counts from then on.

    `settled_at` grows with each, whatever the clocks of the nodes say.
    """
    query = _of_feed(feed, name, "applied").order_by(t.c.settled_at.desc(), t.c.id.desc()).limit(1)
    row = tx.execute(query).mappings().first()
    return None if row is None else entry_of(row)


def _newer(file: Entry, now: datetime) -> Select[Any]:
    """Choose the applied files that are newer than this one: by its own time, and by the one that it counts by.

    By its own alone, one dated ahead would shut out all that come after it; by the other alone, a clock of ours set back would.
    What both clocks dated ahead says nothing: it would shut out all until they get there again.
    """
    newer = and_(t.c.modified_at > file.modified_at, dated > file.dated(now), dated <= now + APART)
    return _of_feed(file.feed, file.of_its_own, "applied").where(newer).order_by(t.c.id.desc())


def is_outdated(tx: Connection, file: Entry, now: datetime) -> bool:
    """Tell whether a newer file than this was applied."""
    return tx.execute(_newer(file, now).with_only_columns(t.c.id).limit(1)).first() is not None


def newer(tx: Connection, file: Entry, now: datetime) -> list[Entry]:
    """Return the newer files than this that were applied, the last one first."""
    return [entry_of(row) for row in tx.execute(_newer(file, now)).mappings()]


def newer_full(tx: Connection, file: Entry, now: datetime) -> Entry | None:
    """Return a newer file than this that was applied as a full export."""
    row = tx.execute(_newer(file, now).where(t.c.plan["mode"].as_string() == "full").limit(1)).mappings().first()
    return None if row is None else entry_of(row)


def is_older(than: Entry, now: datetime) -> ColumnElement[bool]:
    """Say of files that they are no newer than this one, by either time; what is dated ahead goes by the order in the ledger."""
    before = t.c.id < number_of(than)
    by_time = or_(t.c.modified_at <= than.modified_at, dated <= than.dated(now), and_(dated > now + APART, before))
    return before if than.is_ahead(now) else by_time


def newest_undecided(tx: Connection, feed: str, besides: str) -> datetime | None:
    """Return the time of the newest file of a feed that is held or was refused whole; not of one with these bytes, which say it now."""
    newest = _of_feed(feed, None, "held", "refused").with_only_columns(func.max(dated)).where(t.c.sha256 != besides)
    found: datetime | None = tx.execute(newest).scalar()
    return found


def supersede_refused(tx: Connection, than: Entry, now: datetime) -> list[int]:
    """Close the refused full exports that are not newer than one that was applied; return their numbers. They stay in rejected/."""
    older = _of_feed(than.feed, than.of_its_own, "refused").with_only_columns(t.c.id).where(is_older(than, now))
    ids = list(tx.execute(older).scalars())
    for number in ids:
        set_state(tx, number, "superseded")
    return ids


def left_in_held(tx: Connection) -> list[Entry]:
    """Return the files that lie in held/ though it was decided of them: a newer export made them pointless, or a crash came between."""
    decided = select(holds.c.file_id).where(holds.c.what == "file", holds.c.state != "held")
    query = select(t).where(t.c.id.in_(decided), t.c.state != "held", t.c.place.like("held/%")).order_by(t.c.id)
    return [entry_of(row) for row in tx.execute(query).mappings()]


def lines_at(tx: Connection, place: str) -> list[Entry]:
    """Return the lines of the files that lie there, below the project directory of whichever machine, the newest first."""
    return [entry_of(row) for row in tx.execute(select(t).where(t.c.place == place).order_by(t.c.id.desc())).mappings()]


def newest_named(tx: Connection, name: str) -> list[Entry]:
    """Return, of each feed that read a file of that name, its newest line that lies in the archive; else its newest line."""
    in_archive = case((t.c.place.like("archive/%"), 1), else_=0)
    rows = tx.execute(select(t).where(t.c.name == name).order_by(in_archive, t.c.id)).mappings()
    return sorted({row["feed"]: entry_of(row) for row in rows}.values(), key=lambda entry: entry.id or 0)


def outlived(tx: Connection, folder: str, before: datetime, needed: Collection[int | None]) -> list[Entry]:
    """Return the files in a folder of ours that lie there since before an instant and that nobody needs any more.

    Needed are, besides those named, those with an open refused row and those held.
    """
    is_open = exists().where(rejections.c.file_id == t.c.id, rejections.c.healed_at.is_(None))
    old = (t.c.place.like(f"{folder}/%"), t.c.moved_at < before)
    query = select(t).where(*old, t.c.state != "held", ~is_open).order_by(t.c.id)
    return [entry_of(row) for row in tx.execute(query).mappings() if row["id"] not in needed]


def lying_of(tx: Connection, feeds: Collection[str]) -> list[Entry]:
    """Return the files of these feeds that lie somewhere."""
    return [entry_of(row) for row in tx.execute(select(t).where(t.c.feed.in_(feeds), t.c.place.is_not(None))).mappings()]


def let_go(tx: Connection, number: int) -> None:
    """Note that a file lies nowhere any more."""
    tx.execute(update(t).where(t.c.id == number).values(place=None))


def lies_no_more(tx: Connection, place: str, sha256: str) -> None:
    """Note of a file that lay there that it lies nowhere any more; not of another machine's."""
    tx.execute(update(t).where(t.c.place == place, t.c.sha256 == sha256).values(place=None))


def refused(tx: Connection, limit: int | None = 1000) -> list[Entry]:
    """Return the files refused whole, the oldest first."""
    return [entry_of(row) for row in tx.execute(select(t).where(t.c.state == "refused").order_by(t.c.id).limit(limit)).mappings()]


# ── looks ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
Look = tuple[int, datetime, datetime]
"""Size, the file's time, and since when we see it so."""


def looks_of(tx: Connection, feed: str) -> dict[str, Look]:
    """Return what was seen of a feed's files and not yet taken."""
    rows = tx.execute(select(looks).where(looks.c.feed == feed))
    return {row.name: (row.size, row.modified_at, row.seen_at) for row in rows}


def replace_looks(tx: Connection, feed: str, before: Mapping[str, Look], after: Mapping[str, Look]) -> None:
    """Note what is seen now; only what differs is written."""
    for name in before.keys() - after.keys():
        tx.execute(delete(looks).where(looks.c.feed == feed, looks.c.name == name))
    for name, look in after.items():
        if before.get(name) != look:
            size, modified_at, seen_at = look
            statement = upsert(tx, looks).values(feed=feed, name=name, size=size, modified_at=modified_at, seen_at=seen_at)
            values = {key: statement.excluded[key] for key in ("size", "modified_at", "seen_at")}
            tx.execute(statement.on_conflict_do_update(index_elements=[looks.c.feed, looks.c.name], set_=values))
