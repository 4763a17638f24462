"""Words and tables for people, one JSON document for machines."""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.text import Text

PIPED_WIDTH = 160
WIDTH: ContextVar[int] = ContextVar("width", default=0)
"""Columns to write on, where somebody else than standard output decides; 0: it decides."""
INSTANT = re.compile(r"\b([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?(?:\+00:00|Z)")


def escape_what_cannot_be_printed() -> None:
    """Let letters that a terminal's encoding lacks be written by their numbers: no file's name may end a command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(line: str = "") -> None:
    print(line)  # noqa: T201  # standard output is what commands answer on


def paragraph(text: str) -> None:
    """Print a sentence, wrapped to the terminal; as one line where there is none."""
    room = max(width(), 40) if WIDTH.get() or sys.stdout.isatty() else 10**6
    indent = " " * (len(text) - len(text.lstrip(" -")))
    lines = textwrap.wrap(words(text), room, subsequent_indent=f"{indent}  ", break_long_words=False, break_on_hyphens=False)
    say("\n".join(lines))


def width() -> int:
    """Say how many columns there are to write on: the terminal's, or enough for whoever reads us through a pipe."""
    return WIDTH.get() or (shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPED_WIDTH)


def complain(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201  # standard error is where what went wrong is said


def document(value: object) -> None:
    """Print one JSON document."""
    say(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: object) -> str:
    """Write what JSON has no word for: instants in ISO 8601."""
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their columns' names; nothing but the title's "none" where there are no rows."""
    from rich.table import Table
    from rich.text import Text

    found = [[Text(words(cell)) for cell in row] for row in rows]
    if not found:
        say(f"{title}: none")
        return
    say(title)
    if not _fits(columns, found):
        _cards(columns, found)
        return
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in found:
        shown.add_row(*row)
    _console().print(shown)


def _fits(columns: Sequence[str], rows: Sequence[Sequence[Text]]) -> bool:
    """Say whether a table of these rows can be read on this terminal: no word needs to be broken, and no column is a ladder of words."""
    longest = [max([len(word) for row in rows for word in row[at].plain.split()] + [len(name)]) for at, name in enumerate(columns)]
    widest = [max([len(row[at]) for row in rows] + [len(name)]) for at, name in enumerate(columns)]
    room = width() - 2 * len(columns)
    return sum(longest) <= room and sum(widest) <= 2 * room


def room(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Say how many of the columns, from the left, have room beside each other without any cell being broken; the first always has."""
    widest = [max([len(row[at]) for row in rows] + [len(name)]) + 2 for at, name in enumerate(columns)]
    return max(1, sum(1 for end in accumulate(widest) if end <= width()))


def _cards(columns: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    """Print each row by itself, a line for each thing that it says."""
    for row in rows:
        said = [f"{name}: {cell.plain}" for name, cell in zip(columns, row, strict=True) if cell.plain]
        for at, line in enumerate(said):
            paragraph(f"{'  ' if at else '- '}{line}")


def records(title: str, found: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
    """Print mappings as a table; without named columns, the first one's keys."""
    names = list(columns) or (list(found[0]) if found else [])
    table(title, names, ([record.get(name) for name in names] for record in found))


def fields(found: Mapping[str, Any], indent: str = "") -> None:
    """Print a nested document as indented `name: value` lines."""
    for name, value in found.items():
        if isinstance(value, Mapping) and value:
            say(f"{indent}{name}:")
            fields(value, indent + "  ")
        elif isinstance(value, (list, tuple)) and value:
            say(f"{indent}{name}:")
            _items(value, indent + "  ")
        else:
            say(f"{indent}{name}: {words(value)}")


def _items(values: Sequence[Any], indent: str) -> None:
    for value in values:
        say(f"{indent}- {'  '.join(f'{k}: {words(v)}' for k, v in value.items()) if isinstance(value, Mapping) else words(value)}")


def words(value: object) -> str:
    """Write a value for a person: control characters made visible, instants to the second, nothing for None."""
    text = "" if value is None else INSTANT.sub(r"\1 \2 UTC", _written(value))
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "; ".join(value)
    if isinstance(value, (Mapping, list, tuple)):
        return json.dumps(value, ensure_ascii=False, default=str) if value else ""
    return str(value)


def progress() -> Progress:
    """Return a bar for long work, drawn on standard error, and on a terminal alone."""
    from rich.console import Console
    from rich.progress import Progress

    return Progress(console=Console(file=sys.stderr), disable=not sys.stderr.isatty(), transient=True)


def _console() -> Console:
    from rich.console import Console

    return Console(width=width(), highlight=False, soft_wrap=False)
