"""Tell a marketplace everything again, within its rate: messages are put with a time each, and whatever changes meanwhile goes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from connector.app import App
from connector.domain.messages import CATALOG_KINDS, Kind
from connector.errors import NotFound, UsageError, guessed
from connector.settings import MarketplaceSettings
from connector.storage import counts, outbox, refusals, repeated, resyncing
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


@dataclass(frozen=True, slots=True)
class Part:
    """What was put of some SKUs up to the last: so many messages, of which so many are new."""

    last: str
    skus: int
    asked: int
    put: int


def resync(app: App, account: str, only: str | None, went_on: Callable[[int, int], None]) -> dict[str, Any]:
    """Put everything again that a marketplace is told of every SKU, or one thing alone; what waits already is not put twice.

    `went_on` is given how many SKUs are done, and of how many. Raises NotFound for a marketplace that is not in the settings, and
    UsageError for a thing that is none.
    """
    m, now = _marketplace(app, account, only), app.now
    with app.db.read() as tx:
        total, standing, calls = resyncing.count(tx), counts.marketplaces_now(tx, now).get(account, {}), rate(tx, m, now)
    if only in (None, "content"):
        with app.db.write() as tx:
            refusals.forget(tx, account)
    times = schedule(now, calls)
    skus = asked = put = 0
    for part in _parts(app, m, only, times):
        skus, asked, put = skus + part.skus, asked + part.asked, put + part.put
        upkeep.checkpoint(app, over_bytes=upkeep.LARGE_WAL_BYTES, wait_seconds=0)
        went_on(skus, max(total, skus))
    return {
        "marketplace": account,
        "skus": skus,
        "put": put,
        "waited_already": asked - put,
        "waiting": _waiting(app, account),
        "calls_per_minute": round(calls, 1),
        "told_by": times.at.isoformat(timespec="seconds"),
        "minutes": round((times.at - now).total_seconds() / 60, 1),
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


def rate(tx: Connection, m: MarketplaceSettings, now: datetime) -> float:
    """Return how many calls a minute telling everything again may take: its share of what the marketplace takes now."""
    standing = counts.marketplaces_now(tx, now).get(m.account, {})
    return min(standing.get("rate_per_minute") or m.requests_per_minute, m.requests_per_minute) * SHARE


def schedule(start: datetime, calls_per_minute: float) -> Schedule:
    return Schedule(start, timedelta(minutes=1 / calls_per_minute))


def put_part(tx: Connection, m: MarketplaceSettings, after: str, only: str | None, times: Schedule, *, now: datetime) -> Part:
    """Put the messages of the next SKUs behind one, each at its time; those that wait already keep theirs. No SKUs: that was all."""
    part = resyncing.part(tx, m.account, after, PART)
    rows = [(kind, told.sku, times.next()) for told in part for kind in _kinds(m, told, only)]
    put = outbox.put_later(tx, m.account, rows, now)
    return Part(part[-1].sku if part else after, len(part), len(rows), put)


def _parts(app: App, m: MarketplaceSettings, only: str | None, times: Schedule) -> Iterator[Part]:
    after = ""
    while True:
        part, times.at = _put_one(app, m, after, only, times)
        if not part.skus:
            return
        yield part
        after = part.last


@repeated.when_deadlocked
def _put_one(app: App, m: MarketplaceSettings, after: str, only: str | None, times: Schedule) -> tuple[Part, datetime]:
    """Put one part; returns the last time that it handed out, too: what is done again hands out the same."""
    times = replace(times)
    with app.db.write() as tx:
        return put_part(tx, m, after, only, times, now=app.now), times.at


def _kinds(m: MarketplaceSettings, told: Told, only: str | None) -> Iterable[Kind]:
    """Say what a SKU's messages are: of an unknown one there is nothing but its content; the 2017 dialect tells all in one call."""
    if not told.is_known:
        return (Kind.CATALOG,) if only in (None, "content") else ()
    if m.protocol == "2017":
        return (Kind.PRICE,) if only in ("price", "inventory") else (Kind.CATALOG,)
    return tuple(KINDS[name] for name in ("inventory", "price", "content") if only in (None, name))


def _waiting(app: App, account: str) -> int:
    with app.db.read() as tx:
        return sum(outbox.waiting(tx, account, CATALOG_KINDS).values())
