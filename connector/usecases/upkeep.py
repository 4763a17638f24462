"""What clears itself away: leases of the dead, what time has ended, history past its days, stray files."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from connector.app import App
from connector.domain.messages import CATALOG_KINDS, DOCUMENT_KINDS, ERP, FILE_KINDS
from connector.errors import Busy
from connector.storage import batches, health, hourly, listings, outbox, repeated, runs
from connector.usecases.turns import WAIT_SECONDS, turn

SETTLED_FOR = timedelta(days=14)
RUNS_FOR = timedelta(days=30)
LARGE_WAL_BYTES = 16 * 2**20
"""From here on reading gets slower, and every pass of a job looks after it."""
WORK = ("var/work", "var/retry")
"""Where copies lie that are being read, or that a dead process left."""
STRAY_SECONDS = 24 * 3600
"""No pass works on one file for a day: whose process that was, it is dead."""


def checkpoint(app: App, *, over_bytes: int = 0, wait_seconds: float = WAIT_SECONDS) -> None:
    """Bring SQLite's write-ahead log home where it is larger than that; one process at a time, or the database can be damaged."""
    if health.wal_bytes(app.db) > over_bytes:
        with suppress(Busy), turn(app, "checkpoint", wait_seconds=wait_seconds):
            app.db.checkpoint()


@repeated.when_deadlocked
def recover_leases(app: App) -> int:
    """Take back messages whose sender died with them in hand; return how many."""
    places = [(m.account, (*CATALOG_KINDS, *DOCUMENT_KINDS)) for m in app.marketplaces] + [(ERP, FILE_KINDS)]
    with app.db.write() as tx:
        return sum(outbox.reclaim(tx, destination, kinds, app.now, expired_only=True) for destination, kinds in places)


def end_what_expired(app: App) -> tuple[int, int]:
    """End reservations and orders that had their time, and announce prices that ended; return the orders and SKUs set free."""
    from connector.usecases import cancelling  # every job looks after the log, and few end orders

    ended = cancelling.expire(app)
    announce_expired_prices(app)
    return len(ended.order_ids), len(ended.skus)


@repeated.when_deadlocked
def announce_expired_prices(app: App) -> None:
    """Put what marketplaces are to be told of prices whose time ended."""
    with app.db.write() as tx:
        listings.announce_expired_prices(tx, app.marketplaces, app.now)


def forget_old(app: App) -> tuple[int, int]:
    """Remove settled messages after 14 days and job runs after 30; return how many of each. Dead letters stay."""
    with app.db.write() as tx:
        hourly.forget(tx, app.now - RUNS_FOR)
        return batches.forget_settled(tx, app.now - SETTLED_FOR), runs.forget(tx, app.now - RUNS_FOR)


def stray_files(app: App) -> Iterator[Path]:
    """Name the working copies that a dead process left behind."""
    oldest = time.time() - STRAY_SECONDS
    for folder in WORK:
        for path in sorted((app.root / folder).rglob("*"), reverse=True):
            if path.is_file() and path.stat().st_mtime < oldest:
                yield path


def remove_stray_files(app: App) -> int:
    """Remove them; return how many."""
    removed = 0
    for path in stray_files(app):
        path.unlink(missing_ok=True)
        removed += 1
    return removed
