"""The line to one marketplace as the whole process shares it: one client, one rate."""

from __future__ import annotations

from threading import Event

from connector.settings import MarketplaceSettings, Settings
from connector.vtex.calls import Request
from connector.vtex.client import Marketplace
from connector.vtex.replies import Reply
from connector.vtex.throttle import Throttle


class Line:
    """Sends within the account's rate, which all jobs of the process share."""

    def __init__(self, settings: Settings, marketplace: MarketplaceSettings) -> None:
        self.marketplace = marketplace
        self._throttle = Throttle(marketplace.requests_per_minute)
        self._client = Marketplace(marketplace, settings.reveal(marketplace.app_key), settings.reveal(marketplace.app_token))

    def send(self, request: Request, stop: Event) -> Reply | None:
        """Send one request in its turn; None where `stop` was set before the turn came."""
        return self._client.send(request) if self._throttle.wait(stop) else None

    def close(self) -> None:
        self._client.close()
