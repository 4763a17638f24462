"""Tell a marketplace everything again, within its rate: messages are put with a time each, and whatever changes meanwhile goes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connector.app import App
from connector.domain.messages import CATALOG_KINDS, Kind
from connector.errors import NotFound, UsageError, guessed
from connector.settings import MarketplaceSettings
from connector.storage import counts, listing_states, outbox, resyncing
from connector.storage.resyncing import Told
from connector.usecases import upkeep

PART = 1000
"""SKUs a transaction: orders are placed between two of them."""
SHARE = 0.8
"""Of the rate; the rest is left to what changes meanwhile."""
KINDS = {"price": Kind.PRICE, "inventory": Kind.INVENTORY, "content": Kind.CATALOG}


@dataclass
class Schedule:
    """Hands out a time to each call, evenly from an instant on."""

    at: datetime
    apart: timedelta

    def next(self) -> datetime:
        self.at += self.apart
        return self.at


def resync(app: App, account: str, only: str | None, went_on: Callable[[int, int], None]) -> dict[str, Any]:
    """Put everything again that a marketplace is told of every SKU, or one thing alone; what waits already is not put twice.

    `went_on` is given how many SKUs are done, and of how many. Raises NotFound for a marketplace that is not in the settings, and
    UsageError for a thing that is none.
    """
    m, now = _marketplace(app, account, only), app.now
    with app.db.read() as tx:
        total, standing = resyncing.count(tx), counts.marketplaces_now(tx, now).get(account, {})
    if only in (None, "content"):
        with app.db.write() as tx:
            listing_states.ask_again(tx, account)
    rate = min(standing.get("rate_per_minute") or m.requests_per_minute, m.requests_per_minute) * SHARE
    schedule = Schedule(now, timedelta(minutes=1 / rate))
    skus = asked = put = 0
    for part in _parts(app, account):
        rows = [(kind, told.sku) for told in part for kind in _kinds(m, told, only)]
        put += _put(app, account, rows, schedule)
        skus, asked = skus + len(part), asked + len(rows)
        upkeep.checkpoint(app, over_bytes=upkeep.LARGE_WAL_BYTES, wait_seconds=0)
        went_on(skus, max(total, skus))
    return {
        "marketplace": account,
        "skus": skus,
        "put": put,
        "waited_already": asked - put,
        "waiting": _waiting(app, account),
        "calls_per_minute": round(rate, 1),
        "told_by": schedule.at.isoformat(timespec="seconds"),
        "minutes": round((schedule.at - now).total_seconds() / 60, 1),
        "paused": bool(standing.get("paused")),
        "blocked_reason": standing.get("blocked_reason") if standing.get("blocked") else None,
    }


def _marketplace(app: App, account: str, only: str | None) -> MarketplaceSettings:
    found = app.settings.marketplace(account)
    if found is None:
        names = [m.account for m in app.marketplaces]
        remedy = guessed(account, names, f"there is {', '.join(names) or 'none'}")
        raise NotFound(f"no marketplace {account} in the settings", remedy=remedy)
    if only is not None and only not in KINDS:
        raise UsageError(f"--only {only} is nothing that marketplaces are told", remedy=guessed(only, KINDS, f"one of: {', '.join(KINDS)}"))
    return found


def _parts(app: App, account: str) -> Iterator[list[Told]]:
    after = ""
    while True:
        with app.db.read() as tx:
            part = resyncing.part(tx, account, after, PART)
        if not part:
            return
        yield part
        after = part[-1].sku


def _kinds(m: MarketplaceSettings, told: Told, only: str | None) -> Iterable[Kind]:
    """Say what a SKU's messages are: of an unknown one there is nothing but its content; the 2017 dialect tells all in one call."""
    if not told.is_known:
        return (Kind.CATALOG,) if only in (None, "content") else ()
    if m.protocol == "2017":
        return (Kind.PRICE,) if only in ("price", "inventory") else (Kind.CATALOG,)
    return tuple(KINDS[name] for name in ("inventory", "price", "content") if only in (None, name))


def _put(app: App, account: str, rows: list[tuple[Kind, str]], schedule: Schedule) -> int:
    """Put a part's messages, each at its time; those that wait already keep theirs."""
    if not rows:
        return 0
    with app.db.write() as tx:
        return outbox.put_later(tx, account, [(kind, sku, schedule.next()) for kind, sku in rows], app.now)


def _waiting(app: App, account: str) -> int:
    with app.db.read() as tx:
        return sum(outbox.waiting(tx, account, CATALOG_KINDS).values())
