"""How far a pass over a marketplace's messages is, and how long the rest may take."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from connector.app import App
from connector.domain.messages import Kind
from connector.storage import outbox
from connector.usecases.passes import Going, Pass

log = logging.getLogger(__name__)

SHOWN_SECONDS, LOGGED_SECONDS = 0.25, 60.0
FIRST_COUNTED_SECONDS, COUNTED_SECONDS = 2.5, 60.0
"""What waits is counted again after the one, then after twice as long each time up to the other."""
LOOKED_BACK_SECONDS = 60.0
"""The estimate goes by what was settled since then: the rate limit, pauses and what is slow are all in it."""
SURE_SECONDS = 3.0


class Progress:
    """Counts what the pass will take, and again and again: changes come in meanwhile, and answers put messages of their own.

    A SKU that the marketplace comes to know has its price and its stock to be told, another its suggestion: what settled messages brought
    along so far, those that wait will bring along, too, and the estimate says how long all of these take.
    """

    def __init__(self, app: App, account: str, kinds: Sequence[Kind], how: Pass, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._account, self._kinds, self._how = app, account, kinds, how
        self._started: datetime = app.now
        self._done = self._left = 0
        self._brought = 0.0
        self._known: int | None = None
        self._clock = clock
        self._began = self._told = clock()
        self._counted, self._pause = float("-inf"), FIRST_COUNTED_SECONDS
        self._marks: deque[tuple[float, int]] = deque([(self._began, 0)])

    def settled(self, number: int) -> None:
        """Take note of a batch, and say how far the pass is where it is time to."""
        now = self._clock()
        self._done += number
        self._left = max(0, self._left - number)
        self._marks.append((now, self._done))
        while len(self._marks) > 2 and now - self._marks[1][0] > LOOKED_BACK_SECONDS:  # noqa: PLR2004  # a beginning and an end
            self._marks.popleft()
        if now - self._told >= (SHOWN_SECONDS if self._how.went_on else LOGGED_SECONDS):
            self._told = now
            self._tell(self._going(now))

    def _tell(self, going: Going) -> None:
        if self._how.went_on:
            self._how.went_on(going)
        else:
            log.info(str(going))

    def _going(self, now: float) -> Going:
        if self._known is None:
            self._count(now)
            self._known = self._done + self._left
        elif now - self._counted >= self._pause:
            self._count(now)
            self._brought = max(0, self._done + self._left - self._known) / max(self._done, 1)
            self._pause = min(2 * self._pause, COUNTED_SECONDS)
        since, before = self._marks[0]
        per_second = (self._done - before) / (now - since) if now > since else 0.0
        is_sure = per_second > 0 and now - self._began >= SURE_SECONDS and self._brought < 1
        left_for = timedelta(seconds=self._left / (1 - self._brought) / per_second) if is_sure else None
        return Going(self._account, self._done, self._left, per_second * 60, left_for)

    def _count(self, now: float) -> None:
        by_hand = self._started if self._how.by_hand else None
        with self._app.db.read() as tx:
            self._left = outbox.count_to_go(tx, self._account, self._kinds, self._app.now, also_before=by_hand)
        self._counted = now
