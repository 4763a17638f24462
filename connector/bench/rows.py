"""A row of the table: a piece of work, whom it was measured beside, what came out, and what was to be reached."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    REACHED = "reached"
    MISSED = "missed"
    NOT_MEASURED = "not measured"
    TOLD = "–"


@dataclass(frozen=True, slots=True)
class Point:
    """Where a refresh stands in the plots: how many SKUs, what share of lines changed, and the seconds of each contender."""

    size: int
    share: float
    seconds: dict[str, float]


@dataclass(frozen=True, slots=True)
class Row:
    """`value` in `unit` ("times", "MiB", "ms"); the goal is its bound, `at_most` or at least. Without a goal a row only tells.

    `missing` says what keeps it from being measured: such a row is never passed.
    """

    group: str
    work: str
    peer: str
    value: float | None = None
    goal: float | None = None
    at_most: bool = True
    unit: str = "times"
    figures: str = ""
    missing: str = ""
    point: Point | None = None

    @property
    def verdict(self) -> Verdict:
        if self.value is None:
            return Verdict.NOT_MEASURED
        if self.goal is None:
            return Verdict.TOLD
        reached = self.value <= self.goal if self.at_most else self.value >= self.goal
        return Verdict.REACHED if reached else Verdict.MISSED

    @property
    def said(self) -> str:
        """Return the value as people read it; of a row without one, why."""
        if self.value is None:
            return self.missing
        return f"{self.value:.3g}" if self.unit == "times" else f"{self.value:.0f} {self.unit}"

    @property
    def bound(self) -> str:
        if self.goal is None:
            return ""
        return f"{'≤' if self.at_most else '≥'} {self.goal:g}{'' if self.unit == 'times' else f' {self.unit}'}"

    @classmethod
    def read(cls, document: dict[str, Any]) -> Row:
        """Return a row as a JSON document holds it."""
        point = document.pop("point", None)
        return cls(**document, point=Point(**point) if point else None)
