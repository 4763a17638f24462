"""Watermarks: small named values that say how far something has come."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from connector.storage.tables import watermarks as t
from connector.storage.upsert import insert


def value(tx: Connection, name: str) -> str | None:
    return tx.execute(select(t.c.value).where(t.c.name == name)).scalar()


def number(tx: Connection, name: str) -> int:
    """Return a watermark that counts; 0 where it was never moved."""
    return int(value(tx, name) or 0)


def put(tx: Connection, name: str, value: str) -> None:
    statement = insert(tx, t).values(name=name, value=value)
    tx.execute(statement.on_conflict_do_update(index_elements=[t.c.name], set_={"value": statement.excluded.value}))


def hold(tx: Connection, name: str) -> str:
    """Return a watermark that nobody else changes before this transaction ends; "" where it was never put."""
    tx.execute(insert(tx, t).values(name=name, value="").on_conflict_do_nothing(index_elements=[t.c.name]))
    return str(tx.execute(update(t).where(t.c.name == name).values(value=t.c.value).returning(t.c.value)).scalar_one())


def advance(tx: Connection, name: str, seen: int) -> bool:
    """Move a counting watermark one on; False where it is no longer the one seen: somebody else came first."""
    tx.execute(insert(tx, t).values(name=name, value="0").on_conflict_do_nothing(index_elements=[t.c.name]))
    return tx.execute(update(t).where(t.c.name == name, t.c.value == str(seen)).values(value=str(seen + 1))).rowcount == 1


def bump(tx: Connection, name: str) -> None:
    """Move a counting watermark one on, whatever it is."""
    put(tx, name, str(number(tx, name) + 1))
