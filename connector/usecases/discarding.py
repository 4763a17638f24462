"""Laying aside what was refused: a person has seen to it, and it is listed no more. Nothing is removed by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from connector.app import App
from connector.errors import Conflict
from connector.feeds import DOCUMENT_FEEDS
from connector.storage import files, quarantine


def discard(app: App, numbers: Sequence[int]) -> list[str]:
    """Close refused files and rows by the numbers that the list shows; a document's rows go together. Says of each what it came to.

    Raises NotFound, and Conflict for one that is closed already; then none is closed.
    """
    with app.db.write() as tx:
        rows = [quarantine.one(tx, number) for number in dict.fromkeys(numbers)]
        closed = next((row for row in rows if row["healed_at"] is not None), None)
        if closed is not None:
            raise Conflict(f"row {closed['id']} of {closed['name']} was settled already", remedy="connector quarantine list")
        return [_close(tx, app, row) for row in rows]


def _close(tx: Connection, app: App, row: dict[str, Any]) -> str:
    if row["file_state"] == "refused":
        files.set_state(tx, row["file_id"], "discarded")
        quarantine.heal_file(tx, row["file_id"], app.now)
        return f"{row['name']} is laid aside; it lies in {row['place'] or 'rejected/'}"
    if row["feed"] in DOCUMENT_FEEDS and row["key"]:
        quarantine.heal_key(tx, row["feed"], row["key"], app.now)
        return f"the document of line {row['line']} of {row['name']} is laid aside"
    quarantine.close(tx, row["id"], app.now)
    return f"line {row['line']} of {row['name']} is laid aside, until a file brings it again"
