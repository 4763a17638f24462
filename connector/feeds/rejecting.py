"""Rejections: a row that is not taken, with its key as far as it can be seen."""

from __future__ import annotations

from collections.abc import Sequence

from connector.domain.keys import cut
from connector.feeds.feed import Feed
from connector.formats.numbers import BLANKS
from connector.formats.record import Block, Flaw, Rejection

SHOWN = 200
Wrong = dict[int, list[tuple[str, str]]]
"""By position in a block: columns and reasons, why a row is not taken."""


class Rejecter:
    """Makes the rejections of one file, whose columns' names it knows."""

    def __init__(self, feed: Feed, names: tuple[str, ...]) -> None:
        self._names = names
        folded = [name.casefold() for name in names]
        self._key = [folded.index(name.casefold()) if name.casefold() in folded else None for name in feed.key]
        self._needed = [name in {column.name for column in feed.columns if column.required} for name in feed.key]

    def of_row(self, block: Block, at: int, wrong: Sequence[tuple[str, str]]) -> Rejection:
        """Refuse one row of a block; the first column is named, the others in the reason."""
        record = {name: shown(column[at]) for name, column in zip(self._names, block.columns, strict=True) if name}
        (column, reason), *others = wrong
        value = next((text for name, text in record.items() if name.casefold() == column.casefold()), "")
        also = "".join(f"; {name}: {why}" for name, why in others)
        return Rejection(block.lines[at], column, value[:SHOWN], reason + also, self.key([*(c[at] for c in block.columns)]), record)

    def of_flaw(self, flaw: Flaw) -> Rejection:
        return Rejection(flaw.line, "", shown(flaw.value), flaw.reason, self.key(flaw.cells))

    def key(self, cells: Sequence[str]) -> tuple[str, ...] | None:
        """Return a row's key, None where it cannot be seen.

        Of a line that could not be cut this is what stands where keys stand: enough to leave that key's values as they were.
        """
        key = tuple("" if place is None or place >= len(cells) else cut(cells[place].strip(BLANKS)) for place in self._key)
        is_seen = all(text or not needed for text, needed in zip(key, self._needed, strict=True))
        joined = "".join(key)
        return key if key and is_seen and joined.isprintable() and not {'"', "\ufffd"}.intersection(joined) else None


def shown(text: str) -> str:
    """Write NUL as its picture: PostgreSQL stores no text that holds it."""
    return text.replace("\x00", "␀")
