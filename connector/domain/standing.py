"""What is remembered of a marketplace between passes, processes and restarts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.domain.messages import Blocked

FAILURES_IN_A_ROW = 5
OPEN_FOR = timedelta(seconds=30)
LONGEST_OPEN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Circuit:
    """Whether a marketplace is left alone, and what led there: failures in a row, and openings since it last answered."""

    blocked: Blocked | None = None
    failures: int = 0
    openings: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a marketplace stands. `rate` and `refused_rate` are calls a minute, `calm` minutes; no rate: never spoken to."""

    circuit: Circuit = Circuit()
    rate: float | None = None
    refused_rate: float | None = None
    refused_at: datetime | None = None
    calm: float = 0.0


def open_for(openings: int, jitter: float) -> timedelta:
    """Say how long the circuit stays open the nth time (from 1) in a row.

    30 s doubling up to 15 min, a quarter less or more by `jitter` (0 to 1).
    """
    wait: timedelta = min(OPEN_FOR * 2 ** min(openings - 1, 10), LONGEST_OPEN)
    return wait * (0.75 + 0.5 * jitter)
