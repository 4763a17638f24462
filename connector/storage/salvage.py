"""Take over from a damaged SQLite database what the restored one lacks: orders touched since the backup, where they can be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

BY_ORDER = ("orders", "order_items", "reservations", "order_events", "order_changes", "documents")
OUTBOX_OF = "(order_id = :order OR (reference = :order AND destination = 'erp'))"
UNSETTLED = "destination = 'erp' AND state IN ('pending', 'sending', 'publishing')"
TOUCHED = (
    "SELECT order_id FROM damaged.orders WHERE placed_at >= :since",
    "SELECT order_id FROM damaged.order_events WHERE at >= :since",
    "SELECT coalesce(order_id, reference) FROM damaged.outbox WHERE settled_at >= :since AND (order_id IS NOT NULL OR destination = 'erp')",
    f"SELECT coalesce(order_id, reference) FROM main.outbox WHERE {UNSETTLED}",  # noqa: S608  # words of ours
)
DOUBTFUL = "the database was restored, and whether the ERP was given this file before cannot be told: look there, then replay or discard"


@dataclass(slots=True)
class Salvage:
    """`carried` orders are as they were last; of those in `unreadable` the restored database knows what the backup knew.

    `questions` counts what could not even be asked; `doubtful` the files for the ERP that were laid aside for a person to judge.
    """

    carried: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    questions: int = 0
    doubtful: int = 0


def carry_over(restored: Path, damaged: Path, since: str) -> Salvage:
    """Copy the orders touched since an instant (as stored) from a damaged database to the restored one; no order is copied in part.

    `damaged` is a copy with its write-ahead log beside it: reading it changes it. Both are at the same schema or nothing is copied.
    """
    found = Salvage()
    with closing(sqlite3.connect(restored, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys=ON")
        try:
            connection.execute("ATTACH ? AS damaged", (str(damaged),))
        except sqlite3.DatabaseError:
            found.questions = len(TOUCHED)
        for order in _touched(connection, since, found):
            (found.carried if _carried(connection, order) else found.unreadable).append(order)
        found.doubtful = _lay_aside(connection, set(found.carried))
    return found


def _touched(connection: sqlite3.Connection, since: str, found: Salvage) -> list[str]:
    orders: set[str] = set()
    for question in TOUCHED:
        try:
            orders.update(row[0] for row in connection.execute(question, {"since": since} if ":since" in question else {}))
        except sqlite3.DatabaseError:
            found.questions += 1
    return sorted(orders)


def _carried(connection: sqlite3.Connection, order: str) -> bool:
    connection.execute("BEGIN")
    try:
        connection.execute("PRAGMA defer_foreign_keys=ON")
        copied = {table: _replaced(connection, table, condition, order) for table, condition in _tables()}
        connection.execute("COMMIT" if copied["orders"] else "ROLLBACK")
    except sqlite3.DatabaseError:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        return False
    return bool(copied["orders"])


def _replaced(connection: sqlite3.Connection, table: str, condition: str, order: str) -> int:
    """Put the damaged database's rows about an order in the place of the backup's; return how many there are."""
    columns = ", ".join(f'"{row[1]}"' for row in connection.execute(f"PRAGMA main.table_info({table})"))
    read = columns.replace('"file_id"', "NULL")  # the restored ledger may not know a document's file
    copying = f"INSERT INTO main.{table} ({columns}) SELECT {read} FROM damaged.{table} WHERE {condition}"  # noqa: S608  # names of ours
    connection.execute(f"DELETE FROM main.{table} WHERE {condition}", {"order": order})  # noqa: S608
    return connection.execute(copying, {"order": order}).rowcount


def _tables() -> Iterator[tuple[str, str]]:
    yield from ((table, "order_id = :order") for table in BY_ORDER)
    yield "outbox", OUTBOX_OF


def _lay_aside(connection: sqlite3.Connection, carried: set[str]) -> int:
    """Give files for the ERP to a person where nobody knows whether they were written since: the ERP must not get an order twice."""
    waiting = connection.execute(f"SELECT id, coalesce(order_id, reference) FROM main.outbox WHERE {UNSETTLED}").fetchall()  # noqa: S608
    doubtful = [(DOUBTFUL, number) for number, order in waiting if order not in carried]
    connection.executemany("UPDATE main.outbox SET state = 'dead', lease = NULL, partial = NULL, reason = ? WHERE id = ?", doubtful)
    return len(doubtful)
