"""How fast a marketplace is called: half as fast when it throttles, faster step by step while it answers (facts §0.6)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

_FLOOR = 0.01
_NEAR = 0.9
_BEYOND = 1.1
_FORGOTTEN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """Calls a minute: `rate` now, never above `ceiling` nor below a hundredth of it; `refused_rate` is what was too fast, and when.

    `calm` counts the minutes of answers since then, up to one.

    VTEX tells nobody its limits and moves them during the day, so they are found out and forgotten again after an hour.
    """

    ceiling: float
    rate: float
    refused_rate: float | None = None
    refused_at: datetime | None = None
    calm: float = 0.0

    @property
    def floor(self) -> float:
        return min(self.ceiling, max(1.0, self.ceiling * _FLOOR))

    def under(self, ceiling: float) -> Pace:
        """Return the same under another ceiling: a person changed the setting."""
        other = replace(self, ceiling=ceiling)
        return replace(other, rate=max(other.floor, min(self.rate, ceiling)))

    def refused(self, now: datetime) -> Pace:
        """Return half the rate, after an answer that says that this one was too fast."""
        return replace(self, rate=max(self.floor, self.rate / 2), refused_rate=self.rate, refused_at=now, calm=0.0)

    def succeeded(self, now: datetime) -> Pace:
        """Return a rate a little higher, after an answer that asked for no rest.

        Each answer adds its share of a minute's step, so that nothing grows while nothing is sent.
        """
        if self.rate >= self.ceiling:
            return self
        calm = min(1.0, self.calm + 1 / self.rate)
        return replace(self, rate=min(self.ceiling, self.rate + self._step(now) / self.rate), calm=calm)

    def _step(self, now: datetime) -> float:
        """Say by how much a minute of answers raises the rate.

        Not at all until a whole minute was taken, for half the rate may be too fast too; then quickly up to near what was refused,
        very slowly past it (by a share of the ceiling at least: what a storm leaves behind is so low that a share of it would lead
        nowhere), and steadily up to the ceiling where that was no limit.
        """
        if self.refused_rate is not None and self.calm < 1:
            return 0.0
        mark = self.refused_rate if self.refused_at and now - self.refused_at < _FORGOTTEN else None
        if mark is None or self.rate > mark * _BEYOND:
            return self.ceiling / 30
        return mark / 2 if self.rate < mark * _NEAR else max(mark / 200, self.ceiling / 5000)


def at_full(ceiling: float) -> Pace:
    """Return the pace towards a marketplace of which nothing is remembered."""
    return Pace(ceiling, ceiling)
