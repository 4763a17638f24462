"""Messages that go back to waiting beside their twins: of a kind and reference one alone waits."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, update
from sqlalchemy.exc import IntegrityError

from connector.storage.tables import outbox as t

MOST = 100
"""So many times one more twin may be committed while messages are put back."""


def let_wait(tx: Connection, which: Iterable[ColumnElement[bool]], values: dict[str, Any]) -> int:
    """Make messages pending with these values, but those whose twin waits already; return how many.

    A twin that another transaction has not committed yet cannot be seen on PostgreSQL: the statement waits for it, fails, and sees it then.
    """
    statement = update(t).where(*which, ~_twin_waits()).values(values)
    if tx.dialect.name == "sqlite":  # where nobody else writes meanwhile
        return tx.execute(statement).rowcount
    for _ in range(MOST):
        with suppress(IntegrityError), tx.begin_nested():
            return tx.execute(statement).rowcount
    return tx.execute(statement).rowcount


def _twin_waits() -> ColumnElement[bool]:
    """Tell whether a message of the same kind and reference waits already."""
    twin = t.alias("twin")
    return exists().where(
        twin.c.destination == t.c.destination, twin.c.kind == t.c.kind, twin.c.reference == t.c.reference, twin.c.state == "pending"
    )
