"""The line to one marketplace as the whole process shares it: one client, one rate, one circuit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import Event, Lock

from connector.domain.pacing import Pace, at_full
from connector.domain.standing import Standing
from connector.settings import MarketplaceSettings, Settings
from connector.vtex.calls import Request
from connector.vtex.client import Marketplace
from connector.vtex.gate import Gate
from connector.vtex.replies import Reply, is_throttled, rest_asked_for
from connector.vtex.routes import Routes
from connector.vtex.throttle import Throttle


class Line:
    """Sends within the account's rate, which all jobs of the process share, and which falls and rises with its answers.

    `clock` returns aware UTC.
    """

    def __init__(self, settings: Settings, marketplace: MarketplaceSettings, clock: Callable[[], datetime]) -> None:
        self.marketplace = marketplace
        self.gate = Gate()
        self.routes = Routes()
        self._clock = clock
        self._throttle = Throttle(marketplace.requests_per_minute)
        self._pace = at_full(marketplace.requests_per_minute)
        self._lock = Lock()
        self._slowed = 0
        self._demand: Callable[[], None] = _nothing
        self._known = Standing()
        self._client = Marketplace(marketplace, settings.reveal(marketplace.app_key), settings.reveal(marketplace.app_token))

    @property
    def pace(self) -> Pace:
        return self._pace

    def begin(self, demand: Callable[[], None]) -> None:
        """Begin to send, after another process did. `demand` is asked before each call; it raises where that one sends again."""
        self._demand = demand
        self._throttle.begin()

    def send(self, request: Request, stop: Event) -> Reply | None:
        """Send one request in its turn; None where `stop` was set, or the gate shut, before the turn came."""
        if not self._throttle.wait(stop):
            return None
        self._demand()
        if not self.gate.admits():
            return None
        slowed, is_probe = self._slowed, self.gate.blocked is not None
        reply = self._client.send(request)
        self._heed(reply, slowed, is_probe=is_probe)
        return reply

    def _heed(self, reply: Reply, slowed: int, *, is_probe: bool) -> None:
        """Go slower after a refusal, faster after an answer.

        Calls that were under way when the rate fell say nothing new of it, nor does one that goes alone to find out whether the way is
        open: a storm of an hour would leave the slowest rate behind, and an hour's climb.
        """
        with self._lock:
            now = self._clock()
            if is_throttled(reply):
                if slowed == self._slowed and not is_probe:
                    self._slowed += 1
                    self._follow(self._pace.refused(now))
            elif reply.is_calm:
                self._follow(self._pace.succeeded(now))
            self._throttle.rest(rest_asked_for(reply, now))

    def _follow(self, pace: Pace) -> None:
        if pace.rate != self._pace.rate:
            self._throttle.slow_to(pace.rate)
        self._pace = pace

    def recall(self, remembered: Standing) -> None:
        """Stand as the store remembers it, where another process, or a person, has written there since this line did."""
        with self._lock:
            if remembered == self._known:
                return
            self._known = remembered
            self.gate.restore(remembered.circuit)
            if remembered.rate is not None:
                ceiling = self.marketplace.requests_per_minute
                pace = Pace(ceiling, remembered.rate, remembered.refused_rate, remembered.refused_at, remembered.calm)
                self._follow(pace.under(ceiling))

    def news(self) -> Standing | None:
        """Return what the store has to remember now; None where it does already."""
        with self._lock:
            pace = self._pace
            standing = Standing(self.gate.circuit, pace.rate, pace.refused_rate, pace.refused_at, pace.calm)
            if standing == self._known:
                return None
            self._known = standing
            return standing

    def hang_up(self) -> None:
        """Close the connections that nobody uses: until the next pass the other side would have done so."""
        self._client.close()


def _nothing() -> None:
    """Demand nothing: whoever uses a line alone has nobody to give way to."""
