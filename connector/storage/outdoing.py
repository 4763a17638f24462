"""Staged rows that a newer file has outdone: their keys are noted, and the rows taken out of the stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, exists, select
from sqlalchemy.schema import DropIndex

from connector.storage.bulk import bulk_insert
from connector.storage.database import reading
from connector.storage.staging import Stage, index


def is_nothing_left(connection: Connection, stage: Stage) -> bool:
    """Tell whether no row is staged any more."""
    with reading(connection):
        return connection.execute(select(stage.staged.c.line).limit(1)).first() is None


def forget(connection: Connection, stage: Stage) -> None:
    """Forget the keys of the newer file before, and the index, which is made once the next ones are there."""
    with reading(connection):
        connection.execute(delete(stage.gone))
        for one in stage.gone.indexes:
            connection.execute(DropIndex(one, if_exists=True))


def note(connection: Connection, stage: Stage, columns: Sequence[Sequence[Any]]) -> None:
    """Note keys that a newer file has named, given in columns."""
    with reading(connection):
        bulk_insert(connection, stage.gone, stage.key, columns)


def take_out(connection: Connection, stage: Stage) -> int:
    """Take the rows of these keys out of the stage; return how many."""
    with reading(connection):
        index(connection, stage.gone)
        named = exists().where(stage.same_key(stage.gone, stage.staged))
        return connection.execute(delete(stage.staged).where(named)).rowcount
