"""Take over from a damaged SQLite database what the restored one lacks: orders touched since the backup, where they can be read.

No clock says what is since: an order counts as touched where the damaged database tells of it what the restored one does not know.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from sqlalchemy import Connection, update

from connector.storage import message_states
from connector.storage.reservations import COUNTED
from connector.storage.tables import outbox

BY_ORDER = ("orders", "order_items", "reservations", "order_events", "order_changes", "documents")
OUTBOX_OF = "(order_id = :order OR (reference = :order AND destination = 'erp'))"
UNSETTLED = "destination = 'erp' AND state IN ('pending', 'sending', 'publishing')"
PLACED = (
    "SELECT order_id FROM damaged.orders AS d"
    " WHERE NOT EXISTS (SELECT 1 FROM main.orders AS m WHERE m.order_id = d.order_id) ORDER BY placed_at DESC"
)
HAPPENED = (
    "SELECT order_id FROM damaged.order_events AS d WHERE NOT EXISTS"
    " (SELECT 1 FROM main.order_events AS m WHERE (m.order_id, m.at, m.what) = (d.order_id, d.at, d.what)) ORDER BY id DESC"
)
SETTLED = (
    "SELECT coalesce(order_id, reference) FROM damaged.outbox AS d"
    " WHERE settled_at IS NOT NULL AND (order_id IS NOT NULL OR destination = 'erp') AND NOT EXISTS"
    " (SELECT 1 FROM main.outbox AS m WHERE (m.reference, m.kind, m.settled_at) = (d.reference, d.kind, d.settled_at)) ORDER BY id DESC"
)
PAUSED_MARKETPLACES = (
    "INSERT INTO main.marketplaces (account, paused) SELECT account, paused FROM damaged.marketplaces WHERE paused IN (0, 1)"
    " ON CONFLICT (account) DO UPDATE SET paused = excluded.paused"
)
PAUSED_JOBS = (
    "INSERT INTO main.watermarks (name, value) SELECT name, value FROM damaged.watermarks WHERE name LIKE 'paused:%'"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
PAUSED = (
    "SELECT account FROM main.marketplaces WHERE paused"
    " UNION SELECT substr(name, 8) FROM main.watermarks WHERE name LIKE 'paused:%' AND value <> '' ORDER BY 1"
)
WAITING = f"SELECT coalesce(order_id, reference) FROM main.outbox WHERE {UNSETTLED}"  # noqa: S608  # words of ours
TOUCHED = (PLACED, HAPPENED, SETTLED, WAITING)
"""The newest first: what is young is known before an old damaged page ends the reading."""
NEWEST = "coalesce((SELECT max(at) FROM {}.order_events WHERE order_id = :order AND what <> 'personal data erased'), '')"
LATER = f"SELECT {NEWEST.format('main')} > {NEWEST.format('damaged')}"
"""Whether the restored database knows of an order what happened after all that the damaged one tells: it is not set back. That it was
erased once more just now does not count."""
COUNTED_HERE = "SELECT sku, quantity, acked_at FROM main.reservations WHERE order_id = ? AND release_reason = ?"
HOLD_AGAIN = (
    "UPDATE main.reservations SET released_at = NULL, release_reason = NULL"
    " WHERE order_id = ? AND release_reason = ? AND (sku, quantity, acked_at) NOT IN ({})"
)
"""What a stock file since the backup took off stands in the backup's stock still, and is held until such a file comes again."""
UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What reading damaged pages raises; the latter where what SQLite says of them repeats their bytes."""
DOUBTFUL = "the database was restored, and whether the ERP was given this file before cannot be told: look there, then replay or discard"


@dataclass(slots=True)
class Salvage:
    """`carried` orders are as they were last; of those in `unreadable` the restored database knows what the backup knew.

    `questions` counts what could not even be asked; `doubtful` the files for the ERP that were laid aside for a person to judge.
    `paused` are the marketplaces and jobs that a person had stopped; None where the damaged database does not tell.
    """

    carried: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    questions: int = 0
    doubtful: int = 0
    paused: list[str] | None = None


def carry_over(restored: Path, damaged: Path) -> Salvage:
    """Copy the orders touched since the backup from a damaged database to the restored one; no order is copied in part, none set back.

    `damaged` is a copy with its write-ahead log beside it: reading it changes it. Its schema may be older: what it lacks stays empty.
    Raises sqlite3.OperationalError where the disk is full or fails: that is no damage of the old database.
    """
    found = Salvage()
    with closing(sqlite3.connect(restored, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys=ON")
        try:
            connection.execute("ATTACH ? AS damaged", (str(damaged),))
        except UNREADABLE as error:
            _refuse_ours(error)
            found.questions = len(TOUCHED)
        for order in _touched(connection, found):
            (found.carried if _carried(connection, order) else found.unreadable).append(order)
        found.doubtful = _lay_aside(connection, set(found.carried))
        found.paused = _carry_pauses(connection)
    return found


def _touched(connection: sqlite3.Connection, found: Salvage) -> list[str]:
    orders: set[str] = set()
    for question in TOUCHED:
        try:
            orders.update(row[0] for row in connection.execute(question) if isinstance(row[0], str))
        except UNREADABLE as error:
            _refuse_ours(error)
            found.questions += 1
    return sorted(order for order in orders if not _is_later(connection, order))


def _refuse_ours(error: Exception) -> None:
    """Raise what is no damage: both databases are copies that we have just made, and this disk does not take or give them."""
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")) and name != "SQLITE_IOERR_SHORT_READ":
        raise error


def _is_later(connection: sqlite3.Connection, order: str) -> bool:
    try:
        return bool(connection.execute(LATER, {"order": order}).fetchone()[0])
    except UNREADABLE:
        return False


def _carried(connection: sqlite3.Connection, order: str) -> bool:
    connection.execute("BEGIN")
    try:
        connection.execute("PRAGMA defer_foreign_keys=ON")
        counted = connection.execute(COUNTED_HERE, (order, COUNTED)).fetchall()
        copied = {table: _replaced(connection, table, condition, order) for table, condition in _tables()}
        _hold_again(connection, order, counted)
        connection.execute("COMMIT" if copied["orders"] else "ROLLBACK")
    except UNREADABLE as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        _refuse_ours(error)
        return False
    return bool(copied["orders"])


def _replaced(connection: sqlite3.Connection, table: str, condition: str, order: str) -> int:
    """Put the damaged database's rows about an order in the place of the backup's; return how many there are.

    They are numbered anew, in their order: where the two databases went apart, another order's rows may have their numbers.
    """
    theirs = {row[1] for row in connection.execute(f"PRAGMA damaged.table_info({table})")}  # its program may have been an older one
    names = [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})") if row[1] in theirs]
    columns = ", ".join(f'"{name}"' for name in names if name != "id")
    read = columns.replace('"file_id"', "NULL")  # the restored ledger may not know a document's file
    rows = f"SELECT {read} FROM damaged.{table} WHERE {condition} ORDER BY rowid"  # noqa: S608  # names of ours
    connection.execute(f"DELETE FROM main.{table} WHERE {condition}", {"order": order})  # noqa: S608  # names of ours
    return connection.execute(f"INSERT INTO main.{table} ({columns}) {rows}", {"order": order}).rowcount


def _hold_again(connection: sqlite3.Connection, order: str, counted: list[tuple[str, int, str]]) -> None:
    """Hold what the damaged database's stock counted, but not what the restored one's counts as well."""
    places = ", ".join("(?, ?, ?)" for _ in counted)
    known = f"VALUES {places}" if counted else "SELECT NULL, NULL, NULL WHERE 0"
    connection.execute(HOLD_AGAIN.format(known), (order, COUNTED, *chain.from_iterable(counted)))


def _tables() -> Iterator[tuple[str, str]]:
    yield from ((table, "order_id = :order") for table in BY_ORDER)
    yield "outbox", OUTBOX_OF


def _carry_pauses(connection: sqlite3.Connection) -> list[str] | None:
    """Stop and restart what a person stopped or restarted since the backup; return what is stopped, None where it cannot be read."""
    try:
        for statement in (PAUSED_MARKETPLACES, PAUSED_JOBS):
            connection.execute(statement)
    except UNREADABLE as error:
        _refuse_ours(error)
        return None
    return [row[0] for row in connection.execute(PAUSED)]


def lay_aside(tx: Connection) -> int:
    """Give all that waits for the ERP to a person, in a database that PostgreSQL's own means restored; returns how many messages."""
    dead = {"state": "dead", "lease": None, "partial": None, "reason": DOUBTFUL}
    return tx.execute(update(outbox).where(outbox.c.destination == "erp", message_states.UNSETTLED).values(dead)).rowcount


def _lay_aside(connection: sqlite3.Connection, carried: set[str]) -> int:
    """Give files for the ERP to a person where nobody knows whether they were written since: the ERP must not get an order twice."""
    waiting = connection.execute(f"SELECT id, coalesce(order_id, reference) FROM main.outbox WHERE {UNSETTLED}").fetchall()  # noqa: S608  # words of ours
    doubtful = [(DOUBTFUL, number) for number, order in waiting if order not in carried]
    connection.executemany("UPDATE main.outbox SET state = 'dead', lease = NULL, partial = NULL, reason = ? WHERE id = ?", doubtful)
    return len(doubtful)
