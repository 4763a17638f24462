"""A stage that holds only what differs from the file applied last: the rows that came, and those that went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, func, select, text
from sqlalchemy.schema import DropIndex

from connector.storage.bulk import bulk_insert
from connector.storage.database import reading
from connector.storage.staging import Stage, index


def load_gone(connection: Connection, stage: Stage, batches: Iterable[list[Sequence[Any]]]) -> None:
    """Stage the keys of rows that are in the new file no more, or not as they were."""
    for columns in batches:
        with reading(connection):
            bulk_insert(connection, stage.gone, list(stage.key), columns)
    with reading(connection):
        index(connection, stage.gone)
        if connection.dialect.name != "sqlite":
            connection.execute(text("ANALYZE gone"))


def fits(connection: Connection, stage: Stage, rows_gone: int) -> bool:
    """Tell whether every row that went is known, and no row that came has the key of one that stayed: that would be a repeat."""
    known, gone = stage.known, stage.gone
    met = select(func.count()).select_from(gone.join(known, stage.same_key(known, gone)))
    if connection.execute(met).scalar_one() != rows_gone:
        return False
    stayed = and_(exists().where(stage.same_key(known, stage.staged)), ~exists().where(stage.same_key(gone, stage.staged)))
    return connection.execute(select(stage.staged.c.line).where(stayed).limit(1)).first() is None


def clear(connection: Connection, stage: Stage) -> None:
    """Take everything out of a stage again, so that a whole file can be staged in its place."""
    with reading(connection):
        for table in (stage.staged, stage.refused, stage.kept, stage.gone):
            connection.execute(delete(table))
            for one in table.indexes:
                connection.execute(DropIndex(one, if_exists=True))
