"""Staging: what a file says, in temporary tables of one connection, outside every lock.

`staged` holds the accepted rows, `refused` the bad ones, `kept` the keys whose known row stays (a row was refused),
`changes` what the plan would change, `opened` the keys of what earlier files left open, `gone` those of rows that the file applied last
had and this one has not as they were, where only differences are staged, `known` the snapshot as it counts where a large change of it is
not at home. They end with the import. Nothing here writes the snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from typing import Any, Protocol

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    insert,
    text,
    true,
)
from sqlalchemy.schema import CreateIndex, CreateTable

from connector.domain.keys import key_text
from connector.storage import shown, tables
from connector.storage.bulk import bulk_insert
from connector.storage.database import reading

SNAPSHOTS: dict[str, Table] = {
    "products": tables.products,
    "prices": tables.prices,
    "stock": tables.stock,
    "services": tables.services,
    "freight": tables.freight,
}
GUARDED = {"stock": "quantity", "prices": "price_cents"}
"""The value of each feed that a guard compares."""
COUNTING = "counting"


class Refused(Protocol):
    """A bad row, as the feeds make it. `key` is None where it could not be read."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def key(self) -> tuple[str, ...] | None: ...
    @property
    def record(self) -> dict[str, str] | None: ...


class Batch(Protocol):
    """Some rows of a file: the line of each, their values in columns, in the order of the stage's fields, and those that were bad."""

    @property
    def lines(self) -> Sequence[int]: ...
    @property
    def columns(self) -> Sequence[Sequence[Any]]: ...
    @property
    def rejections(self) -> Sequence[Refused]: ...


@dataclass(frozen=True, slots=True)
class Stage:
    """The temporary tables of one import. `file` is the freight file's name, else ""; `fields` the values without the key.

    `known` is what the file is compared with: the snapshot, or a copy of what counts before it (`shown`); `snapshot` is what is written.
    """

    feed: str
    file: str
    key: tuple[str, ...]
    fields: tuple[str, ...]
    given: tuple[str, ...]
    snapshot: Table
    known: Table
    staged: Table
    refused: Table
    kept: Table
    changes: Table
    opened: Table
    gone: Table

    @property
    def shown_key(self) -> tuple[str, ...]:
        """The key as people read it: a freight row's is its line, since the file stands beside it."""
        return ("line",) if self.file else self.key

    @property
    def scope(self) -> ColumnElement[bool]:
        """What of the snapshot this import speaks of: a freight file of its own rows alone."""
        return self.known.c.file == self.file if self.file else true()

    def same_key(self, one: Any, other: Any) -> ColumnElement[bool]:
        return and_(*[one.c[name] == other.c[name] for name in self.key])


def key_of(snapshot: Table) -> tuple[str, ...]:
    """Return the names of a feed's key."""
    return tuple(column.name for column in snapshot.primary_key.columns)


def fields_of(snapshot: Table) -> tuple[str, ...]:
    """Return the values without the key, in the order of the bits of a change's mask."""
    return tuple(column.name for column in snapshot.columns if not column.primary_key)


def _stage(feed: str, given: Sequence[str], file: str) -> Stage:
    snapshot = SNAPSHOTS[feed]
    return Stage(
        feed=feed,
        file=file,
        key=key_of(snapshot),
        fields=fields_of(snapshot),
        given=tuple(given),
        snapshot=snapshot,
        known=snapshot,
        **_temporary_tables(snapshot, of_a_file=bool(file)),
    )


@cache
def _temporary_tables(snapshot: Table, *, of_a_file: bool) -> dict[str, Table]:
    """Name a feed's tables and their indexes, once: SQLAlchemy knows a statement again by the tables that it names.

    With new ones for each import it would compile a dozen statements again, and keep each until hundreds of others came.
    """
    metadata, key = MetaData(), key_of(snapshot)

    def temporary(name: str, *columns: Any) -> Table:
        return Table(name, metadata, *columns, prefixes=["TEMPORARY"])

    def keys(**options: Any) -> list[Column[Any]]:
        return [Column(name, snapshot.c[name].type, **options) for name in key]

    values = [Column(c.name, c.type) for c in snapshot.columns if c.name not in ("line", "file")]
    return {
        "staged": temporary(
            "staged", Column("line", Integer), *([Column("file", Text)] if of_a_file else []), *values, Index("staged_by_key", *key)
        ),
        "refused": temporary("refused", *_refused_columns(), Index("refused_by_key", "key")),
        "kept": temporary("kept", *keys(), Index("kept_by_key", *key)),
        "changes": temporary("changes", *keys(primary_key=True), *_change_columns()),
        "opened": temporary("opened", Column("number", BigInteger), *keys()),  # "id" is a key of services
        "gone": temporary("gone", *keys(), Index("gone_by_key", *key)),
    }


def _refused_columns() -> list[Column[Any]]:
    return [
        Column("line", Integer),
        Column("column", Text),
        Column("value", Text),
        Column("reason", Text),
        Column("key", Text),
        Column("record", JSON(none_as_null=True)),
    ]


def _change_columns() -> list[Column[Any]]:
    """`mask` has a bit for each field of the stage that differs; `old` and `new` are what the feed's guard compares."""
    return [
        Column("action", Text),
        Column("mask", BigInteger),
        Column("old", BigInteger),
        Column("new", BigInteger),
    ]


@contextmanager
def staging(connection: Connection, feed: str, given: Sequence[str], file: str = "") -> Iterator[Stage]:
    """Give the temporary tables of one import; they are gone after the block. `given` names the values of a row, in their order."""
    stage = _stage(feed, given, file)
    _drop(connection, stage)
    with reading(connection):
        for table in _tables(stage):
            connection.execute(CreateTable(table))  # its indexes come when it is filled
        if feed in shown.COMING and shown.generation(connection, feed) is not None:
            stage = replace(stage, known=_counting(connection, stage.snapshot))
    try:
        yield stage
    finally:
        if not connection.closed and not connection.invalidated:
            _drop(connection, stage)


def _counting(connection: Connection, snapshot: Table) -> Table:
    """Copy what counts of a table of the snapshot, some of which is on its way."""
    known = _counting_table(snapshot)
    connection.execute(CreateTable(known))
    connection.execute(insert(known).from_select([c.name for c in known.columns], shown.every_row(snapshot)))
    if connection.dialect.name != "sqlite":
        connection.execute(text(f"ANALYZE {COUNTING}"))
    return known


@cache
def _counting_table(snapshot: Table) -> Table:
    columns = [Column(c.name, c.type, primary_key=c.primary_key) for c in snapshot.columns]
    return Table(COUNTING, MetaData(), *columns, prefixes=["TEMPORARY"])


def _tables(stage: Stage) -> tuple[Table, ...]:
    return stage.staged, stage.refused, stage.kept, stage.changes, stage.opened, stage.gone


def _drop(connection: Connection, stage: Stage) -> None:
    with reading(connection):
        for name in (*[table.name for table in _tables(stage)], COUNTING):
            connection.execute(text(f"DROP TABLE IF EXISTS {name}"))


def load(connection: Connection, stage: Stage, batches: Iterable[Batch]) -> int:
    """Stage a file batch by batch, each in a short transaction of its own; return how many rows were accepted."""
    accepted = 0
    for batch in batches:
        with reading(connection):
            if batch.lines:
                bulk_insert(connection, stage.staged, _names(stage), _columns(stage, batch))
            refuse(connection, stage, batch.rejections)
        accepted += len(batch.lines)
    with reading(connection):
        index(connection, stage.staged, stage.kept, stage.refused)
        if connection.dialect.name != "sqlite":
            connection.execute(text("ANALYZE staged"))
    return accepted


def _names(stage: Stage) -> list[str]:
    return ["line", *(["file"] if stage.file else []), *stage.given]


def _columns(stage: Stage, batch: Batch) -> list[Sequence[Any]]:
    return [batch.lines, *([[stage.file] * len(batch.lines)] if stage.file else []), *batch.columns]


def index(connection: Connection, *filled: Table) -> None:
    """Make the indexes of temporary tables, once they are filled."""
    for one in chain.from_iterable(table.indexes for table in filled):
        connection.execute(CreateIndex(one))


def refuse(connection: Connection, stage: Stage, found: Sequence[Refused]) -> None:
    """Note bad rows, and keep what is known of their keys."""
    if not found:
        return
    connection.execute(insert(stage.refused), [_refusal(stage, one) for one in found])
    keys = {key for one in found if (key := _key(stage, one)) is not None}
    if keys:
        connection.execute(insert(stage.kept), [dict(zip(stage.key, key, strict=True)) for key in keys])


def _refusal(stage: Stage, one: Refused) -> dict[str, Any]:
    key = (str(one.line),) if stage.file else one.key
    return {
        "line": one.line,
        "column": one.column,
        "value": one.value,
        "reason": one.reason,
        "key": "" if key is None else key_text(key),
        "record": one.record,
    }


def _key(stage: Stage, one: Refused) -> tuple[Any, ...] | None:
    return (stage.file, one.line) if stage.file else one.key
