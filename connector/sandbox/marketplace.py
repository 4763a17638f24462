"""A marketplace on loopback that answers a seller as VTEX does: for `connector sandbox`, `connector demo`, and for tests.

It knows some SKUs, keeps suggestions until they are approved or denied, takes invoices, tracking and cancellations, checks
credentials and bodies, and refuses with VTEX's codes. With an endpoint it calls the seller too, as VTEX does.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Self

from connector.sandbox.calls import Call
from connector.sandbox.desk import Desk
from connector.sandbox.market import Market
from connector.sandbox.suggestions import Approval
from connector.sandbox.wire import Line, Reply, Wire


class Sandbox(Market):
    """A marketplace and its desk, served over HTTP on loopback until closed."""

    def __init__(
        self,
        *,
        account: str = "sandbox",
        seller_id: str = "acme",
        app_key: str = "",
        app_token: str = "",
        known: Iterable[str] = (),
        port: int = 0,
        endpoint: str = "",
        any_order: bool = True,
        approval: Approval | None = None,
        strict: bool = False,
        schemas: Path | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(
            account=account,
            seller_id=seller_id,
            credentials=(app_key, app_token),
            known=known,
            endpoint=endpoint,
            any_order=any_order,
            approval=approval,
            strict=strict,
            schemas=schemas,
            seed=seed,
        )
        self._desk = Desk(self)
        self._wire = Wire(self._answer, self.sent, port)
        self.shopping.services_endpoint = self.services_endpoint

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._wire.close()
        if self.watcher:
            self.watcher.close()

    @property
    def url(self) -> str:
        """The store's address: `base_url` of the settings."""
        return self._wire.url

    @property
    def suggestions_url(self) -> str:
        return f"{self.url}/{self.account}"

    @property
    def services_endpoint(self) -> str:
        """What orders of this marketplace name as their marketplaceServicesEndpoint."""
        return f"{self.url}/services/"

    def _answer(self, call: Call, line: Line) -> Reply:
        if self._desk.concerns(call):
            self.tick()
            return self._desk.answer(call)
        return self.take(call, line)
