"""Trying a layout on a file: what would be understood of it; and proposing one. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connector.app import App
from connector.errors import FileRefused, UsageError, guessed
from connector.feeds import FEEDS, Batch, Feed, Reading, Rejection
from connector.feeds.guessing import guess
from connector.feeds.showing import shown
from connector.formats.archives import unpacked
from connector.formats.sampling import sample
from connector.storage import owners
from connector.usecases.layout_proposal import proposal
from connector.usecases.opening import layout_of, opened


@dataclass(slots=True)
class Tried:
    """What a file was read as. `rows` are the first ones taken, `table` the same written for people, `rejected` the first ones refused."""

    file: str
    feed: str
    layout: str
    columns: list[str]
    notes: list[str] = field(default_factory=list)
    rows_read: int = 0
    taken: int = 0
    refused: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    table: list[list[str]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return what a machine wants to know: values in the feed's own units (cents, g, cm, UTC)."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "table"}


def try_layout(app: App, path: Path, feed: str, layout: str, most: int) -> Tried:
    """Read a whole file as a feed with a layout ("": the one in the settings), and keep the first `most` rows taken and refused.

    Guards and the snapshot have no say here, nor has a key that occurs twice: that is what a preview is for. Raises UsageError for a
    feed or a file that is not there, SettingsError for a layout that cannot be used, FileRefused for a file that cannot be read at all.
    """
    declared = named_feed(feed)
    refuse_no_file(path)
    dialect = layout_of(app, feed, layout)
    with TemporaryDirectory() as folder, opened(app, feed, path, dialect, folder=Path(folder)) as reading:
        tried = Tried(path.name, feed, dialect.name, [*(column.name for column in reading.columns), *reading.groups])
        for batch in reading.batches():
            _take(tried, declared, reading, batch, most)
        tried.rows_read = reading.rows_read
        tried.notes = [*reading.notes, *([reading.marks()] if any(column.is_number for column in reading.columns) else [])]
    return tried


def guess_layout(path: Path, feed: str) -> str:
    """Propose a layout for a file, as commented TOML. Raises UsageError for a feed or file that is not there, FileRefused for no table."""
    declared = named_feed(feed)
    refuse_no_file(path)
    with unpacked(path) as found:
        first = found.parts[0].path
        try:
            return proposal(guess(declared, sample(first)), path.name, feed)
        except FileRefused as error:
            raise FileRefused(f"{path.name}: {error.message.removeprefix(f'{first.name}: ')}", remedy=error.remedy) from error


def named_feed(name: str) -> Feed:
    """Return a feed by its name. Raises UsageError naming those there are."""
    if name not in FEEDS:
        raise UsageError(f"there is no feed {name!r}", remedy=guessed(name, FEEDS, f"one of {', '.join(FEEDS)}"))
    return FEEDS[name]


def refuse_no_file(path: Path) -> None:
    """Raise UsageError where there is no such file, Misuse where this user may not read it."""
    owners.refuse_named(path)
    if not path.is_file():
        raise UsageError(f"{path} is no file", remedy="name a file as the ERP would send it")


def _take(tried: Tried, feed: Feed, reading: Reading, batch: Batch, most: int) -> None:
    tried.taken += len(batch.lines)
    tried.refused += len(batch.rejections)
    for line, row in batch.rows[: most - len(tried.rows)]:
        values = dict(zip(feed.fields, row, strict=True))
        tried.rows.append({"line": line} | {name: _plain(values[name]) for name in _fields(reading)})
        tried.table.append([str(line), *_written(reading, values)])
    tried.rejected += _refused(batch.rejections[: most - len(tried.rejected)])


def _fields(reading: Reading) -> list[str]:
    return [*(column.field for column in reading.columns), *reading.groups]


def _written(reading: Reading, values: dict[str, Any]) -> list[str]:
    return [*(shown(column, values[column.field]) for column in reading.columns), *(values[name] for name in reading.groups)]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _refused(rejections: Iterable[Rejection]) -> list[dict[str, Any]]:
    return [{"line": r.line, "column": r.column, "value": r.value, "reason": r.reason} for r in rejections]
