"""A marketplace on loopback that answers a seller as VTEX does: for `connector demo`, and for tests.

It knows some SKUs, keeps suggestions until they are approved or denied, takes invoices, tracking and cancellations, checks
credentials and bodies, and refuses with VTEX's codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Self

from connector.sandbox.books import SandboxBooks
from connector.sandbox.refusals import Body
from connector.sandbox.wire import Call, Failure, Recorder


class Sandbox(SandboxBooks):
    """The marketplace's books, served over HTTP on loopback until closed."""

    def __init__(
        self,
        *,
        account: str = "sandbox",
        seller_id: str = "acme",
        app_key: str = "",
        app_token: str = "",
        known: Iterable[str] = (),
        port: int = 0,
    ) -> None:
        super().__init__(seller_id, (app_key, app_token), known)
        self.account = account
        self._recorder = Recorder(self.answer, port)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._recorder.close()

    @property
    def url(self) -> str:
        """The store's address: `base_url` of the settings."""
        return self._recorder.url

    @property
    def suggestions_url(self) -> str:
        return f"{self.url}/{self.account}"

    @property
    def services_endpoint(self) -> str:
        """What orders of this marketplace name as their marketplaceServicesEndpoint."""
        return f"{self.url}/services/"

    @property
    def calls(self) -> list[Call]:
        return self._recorder.calls

    @property
    def invoices(self) -> dict[str, dict[str, Body]]:
        """Invoices by order and number."""
        return {order_id: order.invoices for order_id, order in self.orders.items() if order.invoices}

    @property
    def cancellations(self) -> dict[str, str]:
        """Reasons of the orders that the seller canceled."""
        return {order_id: order.cancel_reason for order_id, order in self.orders.items() if order.cancel_reason is not None}

    def seen(self, pattern: str, method: str = "*") -> list[Call]:
        """Return the calls whose path the pattern occurs in, in their order."""
        return [call for call in list(self.calls) if re.search(pattern, call.path) and method in ("*", call.method)]

    def approve(self, sku: str) -> None:
        """Put a suggested SKU into the catalogue, as the marketplace's people do."""
        self.suggestions[sku].status = "accepted"
        self.known.add(sku)

    def deny(self, sku: str) -> None:
        self.suggestions[sku].status = "denied"

    def fail_next(
        self,
        status: int,
        *,
        times: int = 1,
        pattern: str = "",
        method: str = "*",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        delay_seconds: float = 0,
        garbage: bool = False,
    ) -> None:
        """Answer the next calls that match with this instead; `garbage` sends what is no HTTP at all."""
        self._recorder.failures.append(Failure(method, pattern, status, body, headers or {}, times, delay_seconds, garbage))
