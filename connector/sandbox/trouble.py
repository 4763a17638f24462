"""Trouble on request: failures that are ordered, and a limit of calls a minute."""

from __future__ import annotations

import random
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from connector.errors import UsageError
from connector.sandbox.calls import Call

NEVER_SECONDS = 60.0
DRIP_SECONDS = 20.0
MINUTE = 60.0
GRACE_SECONDS = 2.0
_ORDER = re.compile(
    r"(?P<what>[1-5]\d\d|timeout|drip|garbage)(?::(?P<wait>\d+))?(?:x(?P<times>\d+)|~(?P<share>\d+(?:\.\d+)?)%)?(?:@(?P<pattern>.+))?"
)


@dataclass
class Failure:
    """What to answer instead, `times` times: to calls of this method ("*": any) whose path the pattern occurs in.

    With a `share` below 1 it comes by chance. `drip_seconds` spreads the answer's bytes over that long, `garbage` is no HTTP at all.
    """

    method: str
    pattern: str
    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    delay_seconds: float = 0
    garbage: bool = False
    drip_seconds: float = 0
    share: float = 1

    def concerns(self, call: Call) -> bool:
        return self.times > 0 and self.method in ("*", call.method) and re.search(self.pattern, call.path) is not None

    def words(self) -> str:
        """Say for a person what it does and to what."""
        what = f"answer {self.status}" if self.status else "no answer"
        how = " drop by drop" if self.drip_seconds else " as garbage" if self.garbage else ""
        left = f"{self.times} more" if self.share == 1 else f"{self.share:.1%} of the calls"
        return f"{what}{how} to {left}" + (f" at {self.pattern}" if self.pattern else "")


def read_failure(text: str) -> Failure:
    """Read WHAT[:SECONDS][xTIMES|~SHARE%][@PATTERN], such as 503x5, 429:20x1, timeout~2%, 500x3@suggestions. Raises UsageError."""
    match = _ORDER.fullmatch(text.strip())
    if match is None:
        allowed = "WHAT[:SECONDS][xTIMES or ~SHARE%][@PATTERN], where WHAT is a status, timeout, drip or garbage"
        raise UsageError(f"{text!r} is no failure", remedy=f"write {allowed}: 503x5, 429:20x1, timeout~2%, 500x3@suggestions")
    try:
        re.compile(match["pattern"] or "")
    except re.error as error:
        raise UsageError(f"{match['pattern']!r} is no pattern: {error}") from error
    wait = int(match["wait"]) if match["wait"] else None
    share = float(match["share"]) / 100 if match["share"] else 1.0
    times = 10**9 if match["share"] else int(match["times"] or 1)
    return replace(_made(match["what"], wait), pattern=match["pattern"] or "", times=times, share=share)


def _made(what: str, wait: int | None) -> Failure:
    if what == "timeout":
        return Failure("*", "", 0, delay_seconds=NEVER_SECONDS if wait is None else wait)
    if what == "drip":
        return Failure("*", "", 200, {"message": "drop by drop"}, drip_seconds=DRIP_SECONDS if wait is None else wait)
    if what == "garbage":
        return Failure("*", "", 200, garbage=True)
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return Failure("*", "", int(what), {"error": {"code": "1", "message": "ordered failure", "exception": None}}, headers)


class Trouble:
    """The failures that are ordered and the limit that is set, and who did not wait when asked to."""

    def __init__(self, seed: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.failures: list[Failure] = []
        self.per_minute = 0
        self._chance = random.Random(seed)  # noqa: S311  # no secret: a seed makes the same trouble again
        self._clock = clock
        self._taken: deque[float] = deque()
        self._asked_at = self._wait_until = 0.0
        self._probes = self._refused = 0

    def end(self) -> None:
        """Order no more of either, and forget who was asked to wait."""
        self.failures.clear()
        self._taken.clear()
        self.per_minute, self._wait_until = 0, 0.0

    def impatience(self) -> str:
        """Say how a call that comes now ignores an earlier 429; empty where it does not. Calls under way then are no offence."""
        now = self._clock()
        if not self._asked_at + GRACE_SECONDS < now < self._wait_until:
            return ""
        self._probes += 1
        return f"a call {self._wait_until - now:.0f} s before the Retry-After was over" if self._probes > 1 else ""

    def befalls(self, call: Call) -> Failure | None:
        """Return the failure that this call gets, or None."""
        failure = next((f for f in self.failures if f.concerns(call) and self._strikes(f)), None) or self._throttled()
        if failure and failure.status == 429 and failure.headers.get("Retry-After", "").isdigit():  # noqa: PLR2004  # Too Many Requests
            self._ask_to_wait(int(failure.headers["Retry-After"]))
        return failure

    def _strikes(self, failure: Failure) -> bool:
        if failure.share < 1:
            return self._chance.random() < failure.share
        failure.times -= 1
        return True

    def _throttled(self) -> Failure | None:
        """Refuse what goes over the limit; Retry-After is seconds and, every other time, a date (RFC 6585 allows both)."""
        if not self.per_minute:
            return None
        now = self._clock()
        while self._taken and self._taken[0] <= now - MINUTE:
            self._taken.popleft()
        if len(self._taken) < self.per_minute:
            self._taken.append(now)
            return None
        return self._refusal(int(self._taken[0] + MINUTE - now) + 1)

    def _refusal(self, seconds: int) -> Failure:
        self._ask_to_wait(seconds)
        self._refused += 1
        said = str(seconds) if self._refused % 2 else format_datetime(datetime.now(UTC) + timedelta(seconds=seconds + 1), usegmt=True)
        return Failure("*", "", 429, {"error": {"code": "429", "message": "Too many requests", "exception": None}}, {"Retry-After": said})

    def _ask_to_wait(self, seconds: int) -> None:
        now = self._clock()
        if now >= self._wait_until:
            self._asked_at, self._probes = now, 0
        self._wait_until = max(self._wait_until, now + seconds)
