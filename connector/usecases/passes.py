"""How one pass of a job is made, and how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event


@dataclass(frozen=True, slots=True)
class Going:
    """How far a pass over one marketplace's messages is: `done` so far, `left` of those that it will take, as counted last.

    `per_minute` is what was settled of late; `left_for` how long the rest takes at that: None before anything can be said.
    """

    account: str
    done: int
    left: int
    per_minute: float
    left_for: timedelta | None

    @property
    def ahead(self) -> str:
        return f"about {_in_words(self.left_for)} at {self.per_minute:,.0f} a minute" if self.left_for is not None else ""

    def __str__(self) -> str:
        return ", ".join(part for part in (f"{self.account}: {self.done:,} settled, {self.left:,} to go", self.ahead) if part)


@dataclass(frozen=True, slots=True)
class Pass:
    """`by_hand` ignores waits (one probe to a blocked marketplace); a set `stop` ends the pass early and safely.

    `went_on` is told how far a long delivery is, some times a second, from several threads; without it the log is, once a minute.
    """

    dry_run: bool = False
    by_hand: bool = False
    stop: Event = field(default_factory=Event)
    went_on: Callable[[Going], None] | None = None


def _in_words(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    if minutes < 1:
        return "a minute"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"  # noqa: PLR2004  # minutes an hour has
