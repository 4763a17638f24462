"""What a pass came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from connector.domain.messages import Kind
from connector.usecases.report import Logged

NAMED = 20
"""So many sentences of a sort stand in a report; the rest are counted: a pass over a million messages says no more than one over fifty."""


@dataclass
class Said:
    """Sentences of one sort: how many there were, and the first of them, each with what the log tells of it."""

    number: int = 0
    first: list[tuple[str, Logged]] = field(default_factory=list)

    def add(self, sentence: str, logged: Logged) -> None:
        if sentence:
            self.number += 1
            if len(self.first) < NAMED:
                self.first.append((sentence, logged))

    def take_in(self, other: Said) -> None:
        self.number += other.number
        self.first += other.first[: NAMED - len(self.first)]

    @property
    def unnamed(self) -> int:
        return self.number - len(self.first)


@dataclass
class Tally:
    delivered: Counter[Kind] = field(default_factory=Counter)
    failing: Said = field(default_factory=Said)
    dead: Said = field(default_factory=Said)
    unlisted: Said = field(default_factory=Said)
    doubtful: Said = field(default_factory=Said)
    unsold: int = 0
    unreachable: bool = False

    def take_in(self, other: Tally) -> None:
        """Count what another one counted, too."""
        self.delivered += other.delivered
        for mine, theirs in zip(self._said, other._said, strict=True):
            mine.take_in(theirs)
        self.unsold += other.unsold
        self.unreachable = self.unreachable or other.unreachable

    @property
    def _said(self) -> tuple[Said, ...]:
        return self.failing, self.dead, self.unlisted, self.doubtful
