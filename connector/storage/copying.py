"""One database copied into another, and compared with it: SQLite into PostgreSQL, when one file is no longer enough."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Connection, Integer, LargeBinary, MetaData, Select, Table, Text, cast, func, literal, select, text

from connector.domain.keys import LONGEST_KEY
from connector.errors import Conflict, Refused
from connector.storage.bulk import bulk_insert
from connector.storage.database import Database, writing
from connector.storage.generations import MOST_BYTES, indexed_texts
from connector.storage.tables import metadata
from connector.storage.troubles import PROGRAM_LIMITS

ROWS_AT_ONCE = 5000
SHOWN = 40
"""Letters of a key that is refused."""
NOT_COPIED = ("leases",)
"""Who holds a turn means nothing elsewhere."""

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Copied:
    """One table: how many rows, and their checksum in hex, which is the same in whichever order they are read."""

    table: str
    rows: int
    checksum: str


def copy(source: Database, target: Database, tell: Callable[[Copied], None], done: Callable[[], None]) -> list[Copied]:
    """Copy every table, in one writing transaction here and one there; `tell` is given each that was compared.

    Here nothing is written: the transaction keeps commands by hand from writing what would be missing there. `done` is called before it
    ends, when all is kept there. Raises Conflict where the target holds anything, and Refused where its indexes cannot hold a key, and
    where it took a table otherwise than it was read, or not at all: nothing is kept there then.
    """
    with source.connection() as here, target.connection() as there, writing(here):
        with writing(there):
            demand_empty(there)
            demand_keys_that_fit(here, there)
            copied = []
            for table in tables():
                copied.append(_copied(here, there, table))
                tell(copied[-1])
        done()
        return copied


def tables() -> list[Table]:
    """Return what is copied, each table after those that it refers to."""
    return [table for table in metadata.sorted_tables if table.name not in NOT_COPIED]


def demand_empty(tx: Connection) -> None:
    """Raise Conflict where a table holds rows."""
    for table in metadata.sorted_tables:
        if tx.execute(select(text("1")).select_from(table).limit(1)).first() is not None:
            raise Conflict(f"the target is not empty: its table {table.name} holds rows", remedy="name a new, empty database")


def demand_keys_that_fit(here: Connection, there: Connection) -> None:
    """Raise Refused for the first row that is too long for an index there: keys had no limit once, and SQLite has none."""
    for table in tables():
        names = indexed_texts(table)
        size = sum((func.coalesce(func.length(cast(table.c[name], LargeBinary)), 0) for name in names), start=literal(0))
        for row in here.execute(_query(table).where(size > MOST_BYTES)):
            if not _takes(there, table, tuple(row)):
                raise _too_long(table.name, *max(((name, getattr(row, name) or "") for name in names), key=lambda one: len(one[1])))


def _takes(there: Connection, table: Table, row: Row) -> bool:
    """Try a row in a table with the same indexes, which is gone afterwards: how far a text can be pressed together it alone can tell."""
    trial = table.to_metadata(MetaData(), name=f"trial_{table.name}")
    try:
        with there.begin_nested() as attempt:
            there.execute(text(f"CREATE TEMPORARY TABLE {trial.name} (LIKE {table.name} INCLUDING INDEXES)"))
            bulk_insert(there, trial, trial.columns.keys(), [[value] for value in row])
            attempt.rollback()
    except there.dialect.loaded_dbapi.OperationalError as error:
        if not (error.sqlstate or "").startswith(PROGRAM_LIMITS):
            raise
        return False
    except there.dialect.loaded_dbapi.DataError:  # not for its length: copying says what it is
        return True
    return True


def _too_long(table: str, column: str, value: str) -> Refused:
    found = f"a key of {len(value):,} letters ({value[:SHOWN]}…) is too long for PostgreSQL's indexes"
    remedy = f"give it at most {LONGEST_KEY} letters in the ERP and take its next export; where it stays, delete its rows in SQLite"
    return Refused(f"{table}.{column}: {found}; nothing was copied", remedy=remedy)


def _copied(here: Connection, there: Connection, table: Table) -> Copied:
    read = _Sum()
    for rows in _batches(here, table):
        read.add(rows)
        _insert(there, table, rows)
    _go_on_counting(there, table)
    written = _Sum()
    for rows in _batches(there, table):
        written.add(rows)
    if (read.rows, read.checksum) != (written.rows, written.checksum):
        raise Refused(f"{table.name}: {read.rows} rows were read, and {written.rows} found again that are not the same; nothing was kept")
    return Copied(table.name, read.rows, read.checksum)


def _insert(there: Connection, table: Table, rows: list[Row]) -> None:
    try:
        bulk_insert(there, table, [column.name for column in table.columns], list(zip(*rows, strict=True)))
    except there.dialect.loaded_dbapi.DataError as error:  # COPY is the driver's own, and so are its errors
        raise Refused(f"{table.name}: PostgreSQL does not take a value: {' '.join(str(error).split())}; nothing was kept") from error


def _batches(tx: Connection, table: Table) -> Iterator[list[Row]]:
    """Read a table as Python's values; JSON as the text that it was written as."""
    result = tx.execution_options(yield_per=ROWS_AT_ONCE).execute(_query(table))
    for batch in result.partitions():
        yield [tuple(row) for row in batch]


def _query(table: Table) -> Select[Any]:
    return select(*[cast(column, Text).label(column.name) if isinstance(column.type, JSON) else column for column in table.columns])


def _go_on_counting(there: Connection, table: Table) -> None:
    """Let growing numbers go on after the largest one that was copied."""
    number = table.columns.get("id")
    if number is not None and isinstance(number.type, Integer):
        largest = select(func.max(number)).scalar_subquery()
        there.execute(
            select(func.setval(func.pg_get_serial_sequence(table.name, "id"), func.coalesce(largest, 1), largest.is_not(None)))
        ).close()


class _Sum:
    """Rows counted and summed up: the same for the same rows, whatever their order and whichever database they come from."""

    def __init__(self) -> None:
        self.rows, self._sum = 0, 0

    def add(self, rows: list[Row]) -> None:
        self.rows += len(rows)
        for row in rows:
            digest = hashlib.blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=16).digest()
            self._sum = (self._sum + int.from_bytes(digest)) % 2**128

    @property
    def checksum(self) -> str:
        return f"{self._sum:032x}"
