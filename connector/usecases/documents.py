"""Take the ERP's documents: invoices, tracking, cancellations, acks; and once more what was refused before its time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from connector.app import App
from connector.domain.documents import Objection
from connector.erp.intake import Taken
from connector.errors import Conflict, Refused
from connector.feeds import DOCUMENT_FEEDS
from connector.storage import files, quarantine, repeated
from connector.usecases import intake
from connector.usecases.document_files import take_file, try_file
from connector.usecases.document_rows import Row, of_record
from connector.usecases.document_taking import take_one
from connector.usecases.intake import Settled
from connector.usecases.passes import Pass
from connector.usecases.report import Report
from connector.usecases.taking import Taking


def take(app: App, report: Report, how: Pass) -> None:
    """Take every ready file of documents, the oldest first; in a dry run say what would be taken."""

    def turn(feed: str, taken: Taken, to: Report) -> Settled | None:
        return (try_file if how.dry_run else take_file)(app, feed, taken, to)

    intake.take_files(app, DOCUMENT_FEEDS, turn, report, how)


# ── once more ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@repeated.when_deadlocked
def take_again(app: App, number: int) -> str:
    """Take the document of a refused row once more, whole; says in a sentence what came of it.

    Raises NotFound; Conflict for a row that is closed or could not even be read; Refused, where it is refused still: it stays listed.
    """
    with app.db.write() as tx:
        row = quarantine.one(tx, number)
        if row["healed_at"] is not None:
            raise Conflict(f"row {number} of {row['name']} was settled already")
        by = Taking(tx, app, row["file_id"], files.one(tx, row["file_id"]).modified_at, app.now)
        said = take_one(by, row["feed"], _rows(tx, row))
        if isinstance(said, Objection):
            raise Refused(f"{row['name']}, line {row['line']}: {said.reason}")
        quarantine.heal_key(tx, row["feed"], row["key"], app.now)
    return said or "it was taken before: nothing is new"


def _rows(tx: Connection, row: dict[str, Any]) -> list[Row]:
    """Return the rows of a refused document. Raises Conflict where one of them could not be read."""
    rows: list[Row] = []
    same = quarantine.of_document(tx, row["file_id"], row["key"]) if row["key"] else []
    for refusal in same or [quarantine.Refusal(row["line"], row["column"], row["value"], row["reason"])]:
        values = of_record(refusal.record)
        if values is None:
            reason = f"line {refusal.line} of {row['name']} could not be read: {refusal.reason}"
            raise Conflict(reason, remedy="correct it in the ERP and send the file again")
        rows.append((refusal.line, values))
    return rows
