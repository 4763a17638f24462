"""A file's column names held against the feed's."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from connector.errors import FileRefused, SettingsError
from connector.feeds.columns import Column
from connector.feeds.feed import Feed
from connector.formats.header import NAMED, listed, written
from connector.formats.layout import Layout


def places_of(feed: Feed, names: tuple[str, ...]) -> list[tuple[Column, int]]:
    """Return the feed's columns that the file has, each with its place."""
    folded = {name.casefold(): at for at, name in enumerate(names)}
    return [(column, folded[column.name.casefold()]) for column in feed.columns if column.name.casefold() in folded]


def refuse_missing(feed: Feed, path: Path, names: tuple[str, ...]) -> None:
    """Raise FileRefused where a required column is not there, with the name that may have been meant."""
    there = {column.name for column, _ in places_of(feed, names)}
    missing = [column.name for column in feed.columns if column.required and column.name not in there]
    if missing:
        raise FileRefused(
            f"{path.name}: the required column{'s are' if len(missing) > 1 else ' is'} missing: {', '.join(missing)}",
            remedy=f"the file has {listed([name for name in names if name])}; a layout file can rename columns",
        )


def unknown_columns(feed: Feed, names: tuple[str, ...], layout: Layout, beside: Sequence[Feed] = ()) -> list[str]:
    """Return a note on the columns that are of no use, by the ERP's names; [] where there are none.

    Of use is what the feed knows, what the layout joins, and what the feeds `beside` take out of the same file.
    """
    joined, takers = layout.joined(), (feed, *beside)
    unknown = [
        (name, at)
        for at, name in enumerate(names, start=1)
        if name.casefold() not in joined and not any(taker.knows(name) for taker in takers)
    ]
    shown = ", ".join(_named(feed, name, at, layout) for name, at in unknown[:NAMED])
    more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
    return [f"columns ignored because the feed {feed.name} has none of that name: {shown}{more}"] if unknown else []


def _named(feed: Feed, name: str, at: int, layout: Layout) -> str:
    if (theirs := layout.theirs(name)) != name:
        return written(theirs)
    near = difflib.get_close_matches(name.casefold(), [column.name.casefold() for column in feed.columns], n=1)
    meant = next((column.name for column in feed.columns if near and column.name.casefold() == near[0]), "")
    return (written(name) or f"the unnamed column {at}") + (f" (did you mean {meant}?)" if meant else "")


def refuse_unknown_targets(layout: Layout, feeds: Mapping[str, Feed]) -> None:
    """Raise SettingsError where a layout speaks of a column of ours that no feed has."""
    known = [column.name for feed in feeds.values() for column in feed.columns]
    for key, names in _targets(layout):
        for name in names:
            if not any(feed.knows(name) for feed in feeds.values()):
                near = difflib.get_close_matches(name, known, n=1)
                allowed = "a column of a feed" + (f"; did you mean {near[0]}?" if near else "")
                raise SettingsError(layout.source, key, found=name, allowed=allowed)


def _targets(layout: Layout) -> Iterator[tuple[str, Iterable[str]]]:
    """Name the layout's tables, each with our columns in it; what is only there to be joined may be called anything."""
    joined = layout.joined()
    inherit = layout.records.inherit if layout.records else ()
    tables: tuple[tuple[str, Iterable[str]], ...] = (
        *(("columns", layout.columns.values()), ("widths", layout.widths), ("positions", layout.positions)),
        ("records", inherit),
    )
    for key, names in tables:
        yield key, [name for name in names if name.casefold() not in joined]
    yield from (("joins", layout.joins), ("values", layout.values), ("constants", layout.constants), ("units", layout.units))
