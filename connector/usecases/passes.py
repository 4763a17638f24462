"""How one pass of a job is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event


@dataclass(frozen=True, slots=True)
class Pass:
    """`by_hand` ignores waits (one probe to a blocked marketplace); a set `stop` ends the pass early and safely."""

    dry_run: bool = False
    by_hand: bool = False
    stop: Event = field(default_factory=Event)
