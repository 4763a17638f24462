"""Three truths side by side: the ERP's last files, the snapshot, what marketplaces were told and are answered now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Select

from connector.app import App
from connector.domain.catalog import Offer
from connector.domain.messages import Kind
from connector.settings import MarketplaceSettings
from connector.storage import dead_letters, listing_states, listings, outbox, reconciling, repeated, reservations
from connector.usecases import offers
from connector.usecases import reconciling_files as by_file
from connector.usecases.report import Report

PART = 512
"""SKUs that are asked for at once: a statement's worth."""
RETOLD = 2000
Went = Callable[[str, int], None]
"""Is told what is looked at, and how far."""


def reconcile(app: App, *, repair: bool = False, went: Went = lambda _what, _count: None) -> dict[str, Any]:
    """Compare, and mend with `repair`: what differs from its file is imported again, what was never told or was given up is told.

    Reads in parts, so that a million SKUs need no more memory than a thousand. Returns what JSON knows; `left` counts the differences that
    are there still, `todo` says what only a person can do.
    """
    report = Report("reconcile")
    compared, told = _compared(app, went)
    before = left = _differences(compared, told)
    if repair and before:
        _mend(app, compared, report)
        compared, told = _compared(app, went)
        left = _differences(compared, told) + len(report.failures)
    answers = {m.account: _answers(app, m, went) for m in app.marketplaces}
    return {
        "at": app.now,
        "files": compared,
        "marketplaces": told,
        "answers": answers,
        "differences": before,
        "repaired": report.lines,
        "failures": report.failures,
        "left": left,
        "todo": list(_todo(compared, told, repair=repair)),
    }


def _compared(app: App, went: Went) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    compared = [found for feed in by_file.FEEDS for found in _files(app, feed, went)]
    return compared, {m.account: _told(app, m) for m in app.marketplaces}


def _mend(app: App, compared: list[dict[str, Any]], report: Report) -> None:
    for one in compared:
        if one["differences"]:
            by_file.mend(app, one, report)
    for m in app.marketplaces:
        _retell(app, m, report)


def _files(app: App, feed: str, went: Went) -> list[dict[str, Any]]:
    went(f"{feed}: the last file", 0)
    return by_file.compare(app, feed)


# ── what was told ───────────────────────────────────────────────────────────────────────────────────────────────────────
def _told(app: App, m: MarketplaceSettings) -> dict[str, Any]:
    with app.db.read() as tx:
        given_up = reconciling.given_up(tx, m.account)
        return {
            "never_told": _found(tx, reconciling.never_told(m.account)),
            "lost": _found(tx, reconciling.lost(m.account)),
            "given_up": {"count": len(given_up), "skus": [sku for _, sku in given_up[: reconciling.SAMPLE]]},
            "waiting": sum(outbox.waiting(tx, m.account, list(Kind)).values()),
            "listings": listing_states.by_state(tx).get(m.account, {}),
        }


def _found(tx: Connection, query: Any) -> dict[str, Any]:
    return {"count": reconciling.count(tx, query), "skus": reconciling.first(tx, query)}


def _retell(app: App, m: MarketplaceSettings, report: Report) -> None:
    """Put what was never told, a part at a time: what waits then is found no more."""
    count = 0
    for query in (reconciling.never_told(m.account), reconciling.lost(m.account)):
        while True:
            count += (part := _retell_part(app, m, query))
            if part < RETOLD:
                break
    replayed = _replay(app, m)
    if count or replayed:
        report.did(f"{m.account}: {count} SKUs that were never told and {replayed} messages that were given up go out at the next pass")


@repeated.when_deadlocked
def _retell_part(app: App, m: MarketplaceSettings, query: Select[Any]) -> int:
    with app.db.write() as tx:
        skus = reconciling.first(tx, query, RETOLD)
        listings.announce(tx, [m], skus, Kind.CATALOG, app.now)
    return len(skus)


@repeated.when_deadlocked
def _replay(app: App, m: MarketplaceSettings) -> int:
    with app.db.write() as tx:
        return dead_letters.replay(tx, [number for number, _ in reconciling.given_up(tx, m.account)], app.now)


# ── what is answered ────────────────────────────────────────────────────────────────────────────────────────────────────
def _answers(app: App, m: MarketplaceSettings, went: Went) -> dict[str, dict[str, int]]:
    """Count, by sales channel, what the SKUs of the snapshot are answered now, and why those not for sale are not."""
    found: dict[str, Counter[str]] = {channel: Counter() for channel in m.sales_channels}
    done = 0
    for part in _parts(app):
        with app.db.read() as tx:
            stock = {sku: named.stock for sku, named in reservations.named_skus(tx, list(part), app.now, None).items()}
            for channel, counted in found.items():
                offered = offers.on_offer(app, tx, m.account, channel, part.keys())
                counted.update(_cause(offered.get(sku), stock.get(sku, 0), is_active=active) for sku, active in part.items())
        done += len(part)
        went(f"{m.account}: what is answered", done)
    return {channel: dict(counted) for channel, counted in found.items()}


def _parts(app: App) -> Iterator[dict[str, bool]]:
    after = ""
    while True:
        with app.db.read() as tx:
            part = reconciling.part(tx, after, PART)
        if not part:
            return
        yield part
        after = list(part)[-1]  # the last by the database's order, which need not be ours


def _cause(offer: Offer | None, free: int, *, is_active: bool) -> str:
    if not is_active:
        return "inactive"
    if offer is None or offer.price_cents <= 0:
        return "without price"
    if offer.stock:
        return "for sale"
    return "kept back" if free else "sold out or reserved"


# ── what it comes to ────────────────────────────────────────────────────────────────────────────────────────────────────
def _differences(compared: list[dict[str, Any]], told: dict[str, Any]) -> int:
    by_place: int = sum(one[what]["count"] for one in told.values() for what in ("never_told", "lost", "given_up"))
    return sum(int(one["differences"]) for one in compared) + by_place


def _todo(compared: list[dict[str, Any]], told: dict[str, Any], *, repair: bool) -> Iterator[str]:
    """Say what a person must do, the gravest first."""
    for one in compared:
        if one["trouble"]:
            yield f"{one['feed']}: {one['file']}: {one['trouble']}: let the ERP send its {one['feed']} again"
        if one.get("held"):
            yield f"{one['feed']}: {one['held']} rows wait for a decision, or were decided against: connector held list"
        if one.get("refused"):
            yield f"{one['feed']}: {one['refused']} rows of {one['file']} are refused: connector quarantine list"
    for account, found in told.items():
        for state in ("withheld", "denied"):
            if found["listings"].get(state):
                yield f"{account}: {found['listings'][state]} SKUs are {state}: connector listings list --state {state}"
    if _differences(compared, told) and not repair:
        yield "connector reconcile --repair imports and tells again what differs"
    if any(one["waiting"] for one in told.values()):
        yield "what waits goes out at the next pass: connector run notify-marketplaces"
