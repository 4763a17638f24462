"""What the sandbox marketplace remembers and answers, without HTTP around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from connector.sandbox.calls import Answer, Call
from connector.sandbox.orders import Orders, SandboxOrder
from connector.sandbox.refusals import error
from connector.sandbox.routes import route_of
from connector.sandbox.suggestions import Approval, Suggestion, Suggestions

__all__ = ["SandboxBooks", "SandboxOrder", "Suggestion"]


def _now() -> datetime:
    return datetime.now(UTC)


class SandboxBooks(Suggestions, Orders):
    """One marketplace with one seller: its catalogue, what is suggested, its orders."""

    def __init__(
        self,
        seller_id: str,
        credentials: tuple[str, str],
        known: Iterable[str],
        *,
        any_order: bool = True,
        approval: Approval | None = None,
        now: Callable[[], datetime] = _now,
    ) -> None:
        Suggestions.__init__(self, seller_id, set(known), now, approval or Approval())
        Orders.__init__(self, now, any_order=any_order)
        self.credentials = credentials

    def answer(self, call: Call) -> Answer:
        """Answer one call: the status, and a document or None."""
        refused = self._refuse_credentials(call)
        if refused:
            return refused
        handle = _HANDLERS.get(route_of(call))
        if handle is None:
            return 404, {"Message": f"No HTTP resource was found that matches the request URI '{call.path}'."}
        return handle(self, call)

    def _refuse_credentials(self, call: Call) -> Answer | None:
        given = (call.headers.get("x-vtex-api-appkey", ""), call.headers.get("x-vtex-api-apptoken", ""))
        if not any(self.credentials) or given == self.credentials:
            return None
        return 401, error("1", "The application key or token is not valid.")


_HANDLERS: dict[str, Callable[[SandboxBooks, Call], Answer]] = {
    "catalog": SandboxBooks.catalog_changed,
    "offer": SandboxBooks.offer_changed,
    "binding": SandboxBooks.binding,
    "bindings": SandboxBooks.bindings,
    "suggest": SandboxBooks.suggest,
    "suggestion": SandboxBooks.suggestion,
    "unsuggest": SandboxBooks.unsuggest,
    "suggestions": SandboxBooks.list_suggestions,
    "invoice": SandboxBooks.invoice,
    "track": SandboxBooks.track,
    "deliver": SandboxBooks.deliver,
    "cancel": SandboxBooks.cancel,
    "agree": SandboxBooks.agree,
}
