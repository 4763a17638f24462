"""The columns of a delimited file without header: named by the layout's positions, the others by their place."""

from __future__ import annotations

from pathlib import Path

from connector.errors import FileRefused
from connector.formats.header import fields
from connector.formats.layout import DELIMITERS, Layout


def delimiter_of(line: str, layout: Layout) -> str:
    """Return the layout's delimiter, else the one that cuts a line into most fields."""
    return layout.delimiter or max(DELIMITERS, key=lambda mark: len(fields(line, mark, quotes=layout.quotes)))


def names_of(path: Path, line: str, delimiter: str, layout: Layout) -> tuple[str, ...]:
    """Return a name for each field of the file's first line: ours, or "column 4". Raises FileRefused where a position lies beyond it."""
    count = len(fields(line, delimiter, quotes=layout.quotes))
    beyond = [f"{name} = {place}" for name, place in layout.positions.items() if place > count]
    if beyond:
        raise FileRefused(
            f"{path.name}: its first line has {count} field{'s' if count > 1 else ''}, but layout {layout.name} says {', '.join(beyond)}",
            remedy="name the delimiter in the layout, or mend its [positions]",
        )
    ours = {place: name for name, place in layout.positions.items()}
    return tuple(ours.get(place, f"column {place}") for place in range(1, count + 1))
