"""Deltas that come in behind newer ones (late, approved, taken again): what those have named stays as they said.

Which keys a newer delta named is read out of the archive again: it is asked seldom, and to keep it would cost every import.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from connector.app import App
from connector.errors import FileRefused
from connector.feeds import FEEDS
from connector.storage import files, outdoing, repeats
from connector.storage.database import reading
from connector.storage.files import Entry
from connector.storage.staging import Stage, load, staging
from connector.usecases import places
from connector.usecases.opening import opened

CHUNK = 10_000
NAMED = 3


@dataclass(frozen=True, slots=True)
class Passed:
    """How many rows were taken out of a stage, what is to be said of it, and the newer files, the last one first."""

    rows: int = 0
    notes: tuple[str, ...] = ()
    newer: tuple[Entry, ...] = ()


def pass_over(app: App, connection: Connection, stage: Stage, entry: Entry) -> Passed:
    """Take the rows of a delta out of the stage that newer files of its feed, applied before it, have named."""
    if app.settings.feeds.of(stage.feed).mode == "full" or stage.file:
        return Passed()
    with reading(connection):
        newer = files.newer(connection, entry, app.now)
    taken = list(_outdone(app, connection, stage, newer))
    return Passed(sum(rows or 0 for _, rows in taken), _notes(taken), tuple(newer))


def _outdone(app: App, connection: Connection, stage: Stage, newer: Sequence[Entry]) -> Iterator[tuple[str, int | None]]:
    """Yield the names of newer files, and how many rows each has outdone (None: it can be read no more), until none is left."""
    for one in newer:
        if outdoing.is_nothing_left(connection, stage):
            return
        yield one.name, _take_out(app, connection, stage, one)


def _take_out(app: App, connection: Connection, stage: Stage, newer: Entry) -> int | None:
    if not places.lies_here(app, newer):
        return None
    path = app.root / str(newer.place)
    try:
        outdoing.forget(connection, stage)
        for columns in _named(app, stage, path):
            outdoing.note(connection, stage, columns)
    except FileRefused:
        return None
    return outdoing.take_out(connection, stage)


def _named(app: App, stage: Stage, path: Path) -> Iterator[Sequence[Sequence[Any]]]:
    """Read the keys of a file's good rows, as its import took them, in columns."""
    with app.db.connection() as own, staging(own, stage.feed, FEEDS[stage.feed].fields) as theirs:
        with opened(app, stage.feed, path) as found:
            load(own, theirs, found.batches())
        repeats.sift(own, theirs)
        with reading(own):
            rows = own.execute(select(*[theirs.staged.c[name] for name in stage.key]), execution_options={"yield_per": CHUNK})
            yield from (list(zip(*part, strict=True)) for part in rows.partitions())


def _notes(taken: Sequence[tuple[str, int | None]]) -> tuple[str, ...]:
    rows, unread = sum(rows or 0 for _, rows in taken), [name for name, rows in taken if rows is None]
    passed = f"{rows} rows passed over: newer files, applied before, have named them"
    lost = f"what newer files named that can be read no more was not looked at: {', '.join(unread[:NAMED])}"
    return (*((passed,) if rows else ()), *((lost,) if unread else ()))
