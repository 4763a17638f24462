"""Put a backup in the place of a damaged database: nobody else may run, what is replaced is kept, and what happened since is said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connector.app import App
from connector.errors import Conflict, UsageError
from connector.storage import backups as store
from connector.storage import damage, owners, postgresql_dumps, salvage
from connector.storage.salvage import Salvage
from connector.usecases import backups, leftovers, preparing, replacing, tombstones
from connector.usecases.taken_since import taken_since, to_copy
from connector.usecases.tombstones import Tombstones
from connector.usecases.turns import alone, turn

INTERRUPTED = "a restore was interrupted before its end"
MOST_NAMED = 10
AFTERWARDS = "connector erase --again on each machine, and connector restore --done, before daemon and API start"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done: the backup used and its instant, where the replaced database lies, and what came to pass since."""

    backup: Path
    at: datetime
    aside: Path | None
    orders: Salvage
    erased_again: int
    tombstones: Tombstones
    files_since: tuple[str, ...]
    files_to_copy: tuple[str, ...]
    passed_over: tuple[Path, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "backup": str(self.backup),
            "at": self.at.isoformat(),
            "replaced_database": str(self.aside) if self.aside else None,
            "orders_carried_over": self.orders.carried,
            "orders_unreadable": self.orders.unreadable,
            "orders_incomplete": bool(self.orders.questions),
            "erp_files_laid_aside": self.orders.doubtful,
            "erased_again": self.erased_again,
            "erased_list_unreadable_lines": self.tombstones.unreadable,
            "files_taken_since": list(self.files_since),
            "files_to_copy": list(self.files_to_copy),
            "paused": self.orders.paused,
            "backups_passed_over": [str(path) for path in self.passed_over],
        }


def restore(app: App, file: Path | None, *, force: bool = False) -> Restored:
    """Restore a backup, the newest where none is named.

    Raises UsageError for PostgreSQL (naming its command), Misuse for what moved there and for a backup that this user may not read, Busy
    while anything of ours runs, NotFound or Refused for what is no whole backup, Conflict where the present database is whole and `force`
    is not given, DiskShort where there is no room, DatabaseUnreachable where the disk fails before anything is replaced.
    """
    if not app.db.is_sqlite:
        line = postgresql_dumps.restore_command(app.db, file or backups.folder(app) / "FILE.dump")
        raise UsageError("PostgreSQL's own program restores it, while daemon and API stand still", remedy=f"{line}, then: {AFTERWARDS}")
    app.db.refuse_moved()
    if file:
        owners.refuse_named(file, f"{backups.folder(app)} (with {file.name}-wal, where that lies beside it)")
    with alone(app), leftovers.none_left(app):
        replacing.gather(app)
        path = file or backups.newest(app).path
        owners.refuse(path)
        store.verify(path)
        at = _instant(path)
        if not force:
            _refuse_whole(app)
        return _replace(app, path, at, () if file or at > app.now else tuple(one.path for one in backups.dated_ahead(app)))


def lay_aside(app: App) -> int:
    """Give a person all that waits for the ERP in a database that PostgreSQL's own means restored; returns how many messages.

    Whether they were written since the dump nobody knows. Raises UsageError for SQLite, Busy while a daemon runs or files are written.
    """
    if app.db.is_sqlite:
        raise UsageError("SQLite's restore does that by itself", remedy="connector restore")
    with turn(app, "daemon", wait_seconds=0), turn(app, "export-orders", wait_seconds=0), app.db.write() as tx:
        return salvage.lay_aside(tx)


def _instant(path: Path) -> datetime:
    """Tell of what instant a backup is: as named by us, or of the newest that it records. A file's own time is that of some copying."""
    match = backups.NAME.fullmatch(path.name)
    return datetime.strptime(match[1], backups.TIME).replace(tzinfo=UTC) if match else store.newest_record(path)


def _refuse_whole(app: App) -> None:
    mark = damage.mark_of(app.db.path)
    if not mark.exists() and app.db.path.exists() and store.is_whole(app.db.path):
        remedy = "where you want to go back to that backup all the same: connector restore --force"
        raise Conflict("the database is whole, and holds more than any backup of it; nothing was changed", remedy=remedy)


def _replace(app: App, path: Path, at: datetime, passed_over: tuple[Path, ...]) -> Restored:
    database = app.db.path
    app.db.close()
    preparing.require_room(app, path)
    erased = tombstones.known(app)
    with _marked(database):
        prepared = preparing.prepare(app, path)
    aside = replacing.put_into_place(app, prepared.path)
    since = taken_since(app, at)
    files = tuple(since), tuple(to_copy(app, since))
    return Restored(path, at, aside, prepared.orders, prepared.erased_again, erased, *files, passed_over)


@contextmanager
def _marked(database: Path) -> Iterator[None]:
    """Keep everybody from a database that is about to be replaced; a whole one is given back where that comes to nothing."""
    mark = damage.mark_of(database)
    was_whole = database.exists() and not mark.exists()
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    damage.note(str(mark), INTERRUPTED)
    try:
        yield
    except BaseException:
        if was_whole:
            mark.unlink(missing_ok=True)
        raise


def sentences(done: Restored) -> list[str]:
    """Say what was done and what is left to do, for a person."""
    orders = done.orders
    said = [f"restored from {done.backup}: the database as of {done.at:%Y-%m-%d %H:%M:%S} UTC"]
    said += [f"{path.name} was passed over: it is dated in the future, by a clock that was ahead" for path in done.passed_over]
    said += [f"the replaced database lies in {done.aside}; remove it when all is well: it holds personal data"] if done.aside else []
    said += [f"{len(orders.carried)} orders touched since then were read in the old database and taken over"] if orders.carried else []
    said += [f"{done.erased_again} orders of erased persons were erased again"] if done.erased_again else []
    said += tombstones.notes(done.tombstones)
    said += [f"paused as before: {', '.join(orders.paused)}"] if orders.paused else []
    said += [_files(done)] if done.files_since else []
    return [*said, "next: connector check, connector daemon, connector serve, and for each marketplace: connector resync MARKETPLACE"]


def _files(done: Restored) -> str:
    """Say which files the source needs: times are what exports are ordered by, and cp alone gives all of them the time of now."""
    count, named = len(done.files_to_copy), ", ".join(done.files_to_copy[:MOST_NAMED])
    all_of_them = f"find archive held rejected -type f -newerct '{done.at:%Y-%m-%d %H:%M:%S} UTC'"
    more = f" and {count - MOST_NAMED} more ({all_of_them})" if count > MOST_NAMED else ""
    what = f"{len(done.files_since)} files were taken since, and are not known: let the ERP send them again"
    one_by_one = len({Path(place).name for place in done.files_to_copy}) < count
    alike = "; of those with one name, each once the one before was taken" if one_by_one else ""
    return f"{what}, or copy into its source, by cp -p, the oldest first: {named}{more}{alike}"


def warnings(done: Restored) -> list[str]:
    """Say what a person must look after."""
    orders = done.orders
    lost = f"orders placed or changed since that cannot be read in the old database: {', '.join(orders.unreadable)}"
    unknown = (
        "the old database cannot be read to the end: there may be orders since of which nothing is known; compare with the marketplaces"
    )
    switched = "what was paused or resumed since cannot be read in the old database: compare connector status, and pause it again"
    spoiled = tombstones.warnings(done.tombstones)
    return [
        *spoiled,
        *([lost] if orders.unreadable else []),
        *([unknown] if orders.questions else []),
        *doubts(orders.doubtful),
        *([switched] if orders.paused is None else []),
    ]


def doubts(laid_aside: int) -> list[str]:
    """Say how to go on with files of which nobody knows whether the ERP has them."""
    remedy = "connector dead-letters list, look at the ERP, then connector dead-letters replay or discard"
    return [f"{laid_aside} files for the ERP may have been written before, and were laid aside: {remedy}"] if laid_aside else []
