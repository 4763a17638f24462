"""The rows of an order written by bare sqlite3, in one durable transaction an order.

`python -m connector.bench.peers.bare_orders DATABASE ORDER SIZE SECONDS CLIENT` copies the rows of an order that is there to new ids
and other SKUs for so long, and prints how many orders it wrote in a second.
"""

from __future__ import annotations

import random
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from connector.bench import exports

TABLES = ("orders", "order_items", "reservations", "order_events")

Row = tuple[str, list[Any]]
"""An insertion and its values."""


def template(db: sqlite3.Connection, order_id: str) -> list[Row]:
    """Return what an order consists of: its own rows, and its messages to the ERP and to the marketplace."""
    found = [row for table in TABLES for row in _rows(db, table, "order_id = ?", [order_id])]
    skus = [row[0] for row in db.execute("SELECT sku FROM reservations WHERE order_id = ?", [order_id])]
    marks = ", ".join("?" * (len(skus) + 1))
    return found + _rows(db, "outbox", f"reference IN ({marks})", [order_id, *skus])


def _rows(db: sqlite3.Connection, table: str, condition: str, values: list[str]) -> list[Row]:
    cursor = db.execute(f"SELECT * FROM {table} WHERE {condition}", values)
    names = [column[0] for column in cursor.description]
    kept = [at for at, name in enumerate(names) if name != "id"]
    verb = "INSERT OR IGNORE" if table == "outbox" else "INSERT"  # a message that waits already says all
    insertion = f"{verb} INTO {table} ({', '.join(names[at] for at in kept)}) VALUES ({', '.join('?' * len(kept))})"
    return [(insertion, [row[at] for at in kept]) for row in cursor]


def write(db: sqlite3.Connection, rows: list[Row], renamed: dict[Any, Any]) -> None:
    db.execute("BEGIN IMMEDIATE")
    for insertion, values in rows:
        db.execute(insertion, [renamed.get(value, value) for value in values])
    db.execute("COMMIT")


def _names(rows: list[Row], order_id: str, number: str, size: int, client: str) -> Iterator[dict[Any, Any]]:
    """Yield, for each new order, what its rows say instead of the first one's ids and SKUs."""
    chance = random.Random(client)
    length = len(exports.sku(0))
    skus = sorted({value for _, values in rows for value in values if isinstance(value, str) and value.isdigit() and len(value) == length})
    written = 0
    while True:
        written += 1
        ids = {order_id: f"{client}-{written}-{order_id}"[:40], number: f"{client}-{written}-{number}"}
        others = chance.sample(range(size), len(skus))  # an order holds a SKU once
        yield ids | {sku: exports.sku(other) for sku, other in zip(skus, others, strict=True)}


def main(database: str, order_id: str, size: int, seconds: float, client: str) -> float:
    with closing(sqlite3.connect(database, timeout=60, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        rows = template(db, order_id)
        number = db.execute("SELECT marketplace_order_id FROM orders WHERE order_id = ?", [order_id]).fetchone()[0]
        started, written = time.perf_counter(), 0
        for renamed in _names(rows, order_id, number, size, client):
            write(db, rows, renamed)
            written += 1
            if time.perf_counter() - started > seconds:
                break
        return written / (time.perf_counter() - started)


if __name__ == "__main__":
    where, first, skus, length, who = sys.argv[1:]
    print(main(where, first, int(skus), float(length), who))
