"""What marketplaces know of the SKUs, for people: listed by state, and one SKU with all that is to be said of it."""

from __future__ import annotations

from typing import Any

from connector.app import App
from connector.domain.catalog import Product
from connector.domain.listings import Listing, ListingState
from connector.domain.messages import CATALOG_KINDS
from connector.errors import NotFound, UsageError, guessed
from connector.storage import listing_states, outbox, products
from connector.vtex import linting

NEVER_TOLD = "nothing was told of it yet"


def listed(app: App, account: str | None, state: str | None, limit: int) -> list[dict[str, Any]]:
    """List what marketplaces know, up to `limit` SKUs of each. Raises UsageError for a state, NotFound for a marketplace that is none."""
    if state is not None and state not in list(ListingState):
        raise UsageError(f"{state} is no state of a listing", remedy=guessed(state, ListingState, f"one of: {', '.join(ListingState)}"))
    with app.db.read() as tx:
        return [_shown(one) for name in _accounts(app, account) for one in listing_states.page(tx, name, state, limit)]


def show(app: App, sku: str, account: str | None) -> dict[str, Any]:
    """Tell all of one SKU: what each marketplace knows of it, what waits to be told, what VTEX would refuse. Raises NotFound."""
    with app.db.read() as tx:
        product = products.find(tx, sku)
        found = {name: listing_states.find(tx, name, sku) for name in _accounts(app, account)}
        waiting = {name: outbox.about(tx, name, CATALOG_KINDS, sku) for name in found}
    if product is None and not any(found.values()):
        raise NotFound(f"SKU {sku} is neither in the snapshot nor known to a marketplace", remedy="connector listings list names SKUs")
    findings = () if product is None else linting.examine(product)
    return {
        "sku": sku,
        "in_snapshot": product is not None,
        "active": product is not None and product.active,
        "marketplaces": {
            name: {**(_shown(one) if one else {"state": ListingState.UNKNOWN.value, "note": NEVER_TOLD}), "waiting": waiting[name]}
            for name, one in found.items()
        },
        "refused": [_finding(one) for one in findings if one.refuses],
        "doubtful": [_finding(one) for one in findings if not one.refuses],
    }


def _accounts(app: App, account: str | None) -> list[str]:
    names = [m.account for m in app.marketplaces]
    if account is not None and account not in names:
        raise NotFound(
            f"no marketplace {account} in the settings", remedy=guessed(account, names, f"there is {', '.join(names) or 'none'}")
        )
    return names if account is None else [account]


def _shown(one: Listing) -> dict[str, Any]:
    instants = {name: getattr(one, name) for name in ("told_at", "suggested_at", "looked_at", "look_again_at")}
    return {
        "marketplace": one.account,
        "sku": one.sku,
        "state": one.state.value,
        **{name: None if at is None else at.isoformat(timespec="seconds") for name, at in instants.items()},
        "word": one.word,
        "note": one.note,
        "remedy": one.remedy,
    }


def findings_of(product: Product | None) -> list[dict[str, str]]:
    """Return what VTEX would refuse of a product, or do badly with."""
    return [_finding(one) for one in linting.examine(product)] if product is not None else []


def _finding(finding: linting.Finding) -> dict[str, str]:
    return {"field": finding.field, "what": finding.what, "remedy": finding.remedy}
