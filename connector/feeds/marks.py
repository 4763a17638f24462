"""The decimal mark of one file, found by evidence, and only when a number is met that can be read with either."""

from __future__ import annotations

from collections.abc import Sequence

from connector.formats.layout import Layout
from connector.formats.numbers import evidence
from connector.formats.record import Table

FALLBACK = ","
NAMES = {",": "comma", ".": "point"}


class Marks:
    """Looks through the file's number columns for numbers that prove a mark, such as 12,50; once, when it is first asked."""

    def __init__(self, table: Table, places: Sequence[int], layout: Layout) -> None:
        self._table, self._places, self._layout = table, places, layout
        self._mark = layout.decimal or table.decimal
        self._found_proofs: frozenset[str] | None = None
        self.asked = ""
        self.notes: list[str] = []

    def mark(self) -> str:
        """Return the mark that all the file's proofs agree on, else the comma of the default layout."""
        if not self._mark:
            self._mark = self._found(self.proofs())
        self.asked = self._mark
        return self._mark

    def pin(self, mark: str) -> None:
        """Read open numbers with this mark, whatever this file's own show: it is a part of one that shows it."""
        self._mark = mark

    def told(self) -> str:
        """Say in a sentence which mark the file's numbers have, and how that is known; reads the file once more where it is open."""
        fixed = self._layout.decimal or self._table.decimal
        if fixed:
            return f"decimal {NAMES[fixed]}, as {f'layout {self._layout.name} says' if self._layout.decimal else 'workbooks have it'}"
        proofs = self.proofs()
        if len(proofs) == 1:
            return f"decimal {NAMES[next(iter(proofs))]}, as the file's numbers show"
        return "both decimal commas and decimal points" if proofs else "no number in the file shows its decimal mark"

    def _found(self, proofs: frozenset[str]) -> str:
        mark = next(iter(proofs)) if len(proofs) == 1 else FALLBACK
        why = {0: "nothing else in the file tells", 1: "as the file's other numbers", 2: "the file has both commas and points"}[len(proofs)]
        self.notes.append(f"numbers such as 1.234 or 1,234 were read with a decimal {NAMES[mark]}: {why}")
        return mark

    def proofs(self) -> frozenset[str]:
        """Return the decimal marks that the file's numbers prove; reads it once."""
        if self._found_proofs is None:
            self._found_proofs = self._look()
        return self._found_proofs

    def _look(self) -> frozenset[str]:
        found: set[str] = set()
        for block in self._table.blocks():
            for place in self._places:
                found.update(map(evidence, set(block.columns[place])))
            if found >= {",", "."}:
                break
        return frozenset(found & {",", "."})
