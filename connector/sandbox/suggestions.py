"""What a seller suggests, and what becomes of it: by a person's hand, by the matcher's score, or after a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connector.errors import UsageError
from connector.sandbox.calls import Answer, Body, Call, is_text
from connector.sandbox.catalog import Catalog
from connector.sandbox.refusals import refusal, suggestion_problem

EXPIRES = timedelta(days=30)
PAGE = 50
APPROVED_FROM, DENIED_UP_TO = 80, 30


@dataclass
class Suggestion:
    """What a seller suggests; `status` is pending, accepted or denied, and `version` counts what changed it."""

    body: Body
    at: datetime
    status: str = "pending"
    version: int = 1

    @property
    def score(self) -> int:
        """Rate it as the matcher does: 95 with product, brand and two of EAN, reference and SKU name; 85 without these two."""
        if not (is_text(self.body.get("ProductName")) and is_text(self.body.get("BrandName"))):
            return 0
        return 95 if sum(bool(self.body.get(name)) for name in ("EAN", "RefId", "SkuName")) > 1 else 85


@dataclass(frozen=True, slots=True)
class Approval:
    """Who decides: "never" leaves it to a person, "auto" follows the score, "deny" denies all; `after` approves what waited so long."""

    how: str = "never"
    after: timedelta | None = None

    def of(self, suggestion: Suggestion, now: datetime) -> str:
        """Return what a suggestion is now."""
        if suggestion.status != "pending":
            return suggestion.status
        if self.how == "deny" or (self.how == "auto" and suggestion.score <= DENIED_UP_TO):
            return "denied"
        is_ripe = self.after is not None and now - suggestion.at >= self.after
        return "accepted" if is_ripe or (self.how == "auto" and suggestion.score >= APPROVED_FROM) else "pending"


def read_approval(text: str) -> Approval:
    """Read never, auto, deny, or a number of seconds. Raises UsageError."""
    if text in ("never", "auto", "deny"):
        return Approval(text)
    if text.isascii() and text.isdigit():
        return Approval(after=timedelta(seconds=int(text)))
    raise UsageError(f"{text!r} says not who approves suggestions", remedy="never, auto, deny, or seconds after which all are approved")


class Suggestions(Catalog):
    """The catalogue, and what waits to get into it."""

    def __init__(self, seller_id: str, known: set[str], now: Callable[[], datetime], approval: Approval) -> None:
        super().__init__(seller_id, known, now)
        self.suggestions: dict[str, Suggestion] = {}
        self.approval = approval

    def settle_suggestions(self) -> list[str]:
        """Approve and deny what is due, drop what waited for 30 days; returns the SKUs that were approved."""
        now, approved = self._now(), []
        for sku, suggestion in list(self.suggestions.items()):
            if suggestion.status == "pending" and now - suggestion.at >= EXPIRES:
                del self.suggestions[sku]
            elif suggestion.status == "pending":
                approved += [sku] if self._settle(sku) == "accepted" else []
        return approved

    def _settle(self, sku: str) -> str:
        """Decide a suggestion as far as nobody else has to; returns what it is now."""
        status = self.approval.of(self.suggestions[sku], self._now())
        if status != self.suggestions[sku].status:
            self.decide(sku, status)
        return status

    def decide(self, sku: str, status: str) -> None:
        """Accept or deny. Raises LookupError where the SKU is not suggested."""
        self.suggestions[sku].status = status
        if status == "accepted":
            self.known.add(sku)

    def forget(self, sku: str) -> None:
        super().forget(sku)
        self.suggestions.pop(sku, None)

    def unsold(self, sku: str) -> str:
        """Say why no shopper can buy a SKU here; "" where it is in the catalogue."""
        if sku in self.known:
            return ""
        found = self.suggestions.get(sku)
        why = {"": "it was never suggested", "pending": "its suggestion is pending (approve it)", "denied": "its suggestion was denied"}
        return f"SKU {sku} is not in the catalogue: {why[found.status if found else '']}"

    def suggest(self, call: Call) -> Answer:
        seller, sku = call.parts[-2:]
        problem = self._suggestion_refused(seller, sku) or suggestion_problem(call.body)
        if problem:
            return problem
        earlier = self.suggestions.get(sku)
        if earlier is None:
            self.suggestions[sku] = Suggestion(call.body, self._now())
        elif earlier.body != call.body:
            self.suggestions[sku] = Suggestion(call.body, self._now(), version=earlier.version + 1)
        self._settle(sku)
        return 200, None

    def _suggestion_refused(self, seller: str, sku: str) -> Answer | None:
        if seller != self.seller_id:
            return refusal(33, "Invalid sellerId")
        if sku in self.known:
            return refusal(23, "SellerIdAndSellerSkuIdAlreadyExists")
        earlier = self.suggestions.get(sku)
        is_settled = earlier is not None and earlier.status != "pending"
        return refusal(18, "SuggestionIsNotPending") if is_settled else None

    def suggestion(self, call: Call) -> Answer:
        found = self.suggestions.get(call.parts[-1])
        if found is None or call.parts[-2] != self.seller_id:
            return 404, refusal(16, "SuggestionNotFound")[1]
        return 200, self._shown(call.parts[-1], found)

    def unsuggest(self, _call: Call) -> Answer:
        """Refuse a removal: sellers' keys are not granted it."""
        return 403, {"error": {"code": "403", "message": "Access denied: Save suggestion rules is required", "exception": None}}

    def list_suggestions(self, call: Call) -> Answer:
        status, text = call.query.get("status", ""), call.query.get("q", "").lower()
        shown = [
            self._shown(sku, one)
            for sku, one in sorted(self.suggestions.items())
            if status in ("", one.status) and text in f"{sku} {one.body.get('ProductName')}".lower()
        ]
        first = int(call.query["_from"]) if call.query.get("_from", "").isdecimal() else 0
        return 200, {"data": shown[first : first + PAGE], "_total": len(shown)}

    def _shown(self, sku: str, found: Suggestion) -> dict[str, Any]:
        match = {"matchId": "1", "matcherId": "vtex-matcher", "score": found.score}
        ids = {"sellerId": self.seller_id, "itemId": sku, "latestVersionId": str(found.version)}
        return {**ids, "content": found.body, "status": found.status, "updatedAt": found.at.isoformat(), "matches": [match]}
