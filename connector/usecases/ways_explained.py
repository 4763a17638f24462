"""Each way of delivery explained: what its rates, its calendar, its windows and its pickup points make of one parcel. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from connector.domain import freight_explained
from connector.domain.freight import Destination, NoQuote, Parcel, Quote, Rate, weighed
from connector.domain.freight_explained import Explained
from connector.domain.pickup import km
from connector.domain.ways import Collection, Way, Ways
from connector.domain.windows import Window, left
from connector.settings import SlaSettings
from connector.storage import freight


def service(configured: SlaSettings, way: Way, known: list[str]) -> dict[str, Any]:
    """Tell what is configured, and which of the files known it is priced by."""
    return {"id": way.sla.id, "name": way.sla.name, "table": configured.table, "files": freight.matching(configured.table, known)}


def unmatched(configured: SlaSettings, known: list[str]) -> str:
    """Say that a way of delivery has no rates at all, where that is so."""
    if freight.matching(configured.table, known):
        return ""
    there = f"; applied are {', '.join(known)}" if known else "; no freight file was applied yet"
    return f"no file that was applied matches {configured.table}{there}"


def answer(way: Way, to: Destination, packed: Parcel, now: datetime) -> dict[str, Any]:
    """Say whether a parcel is offered this way, at what price, when, and why."""
    billed = weighed(packed, way.rules.cubic_factor)
    explained = freight_explained.explain(way.sla.table, to, billed)
    if isinstance(explained.found, NoQuote):
        return no(explained.found.reason, explained.nearest) | _weight(way, billed)
    ready_at = way.promise.ready_at(explained.found.rate.time_cost_seconds, now)
    windows = left(way.windows, ready_at, now)
    if way.rules.windows and not windows:
        goods = f"the goods can be there from {ready_at.isoformat()}" if ready_at else "its time is too long to be planned"
        reason = f"none of its windows of the next {way.rules.window_days} days can be kept: {goods}"
        return no(reason) | _weight(way, billed) | {"row": _row(explained.found.rate)}
    return _yes(way, explained.found, explained) | _weight(way, billed) | {"windows": [_window(window) for window in windows]}


def no(reason: str, nearest: Sequence[Rate] = ()) -> dict[str, Any]:
    nothing = {"price_cents": None, "parts": None, "estimate": None, "row": None, "calendar": None, "billed_weight_g": None}
    return {"offered": False, "reason": reason, **nothing, "windows": [], "nearest": [_row(rate) for rate in nearest]}


def _yes(way: Way, found: Quote, explained: Explained) -> dict[str, Any]:
    seconds = found.rate.time_cost_seconds
    return {
        "offered": True,
        "reason": "the only row that takes it" if explained.takers == 1 else f"the cheapest of {explained.takers} rows that take it",
        "price_cents": found.price_cents,
        "parts": asdict(explained.parts) if explained.parts else None,
        "estimate": way.promise.estimate(seconds),
        "row": _row(found.rate),
        "calendar": freight_explained.calendar_reason(way.promise.leaves, way.rules.handling, seconds),
        "nearest": [],
    }


def _weight(way: Way, billed: Parcel) -> dict[str, Any]:
    return {"billed_weight_g": billed.weight_g, "cubic_factor": way.rules.cubic_factor}


def _row(rate: Rate) -> dict[str, Any]:
    """Write a row as its file has it; what are decimals there stay text to the letter."""
    return {**asdict(rate), "percent": str(rate.percent), "extra_per_gram": str(rate.extra_per_gram)}


def _window(window: Window) -> dict[str, Any]:
    return {"start": window.start.isoformat(), "end": window.end.isoformat(), "price_cents": window.price_cents}


def pickup_points(ways: Ways, to: Destination, trouble: str) -> list[dict[str, Any]]:
    """Say of each pickup point whether it is offered there, and why; `trouble` is what keeps the SKU from being sold at all."""
    reached = set(ways.pickups.reaching(to))
    return [_collected(one, ways, to, trouble, is_reached=n in reached) for n, one in enumerate(ways.collections)]


def _collected(one: Collection, ways: Ways, to: Destination, trouble: str, *, is_reached: bool) -> dict[str, Any]:
    offered = is_reached and not trouble
    return {
        "id": one.point.id,
        "name": one.point.name,
        "offered": offered,
        "reason": trouble or _reach(one, ways, to, is_reached=is_reached),
        "price_cents": one.point.price_cents if offered else None,
        "estimate": one.estimate if offered else None,
        "calendar": freight_explained.calendar_reason(one.promise.leaves, one.point.handling, one.point.ready_in_seconds)
        if offered
        else None,
    }


def _reach(one: Collection, ways: Ways, to: Destination, *, is_reached: bool) -> str:
    place, ours = ways.pickups.position(to), one.point.address.position
    away = f"{km(ours, place):.1f} km away, its reach is {one.point.reach_km:g} km" if place and ours and one.point.reach_km else ""
    if is_reached:
        by_code = any(start <= to.postal_code <= end for start, end in one.point.reach) and to.country == one.point.address.country
        return f"its reach holds postal code {to.postal_code[-8:]}" if by_code else away
    codes = f"no range of its reach holds postal code {to.postal_code[-8:]} in {to.country}" if to.postal_code else ""
    return "; ".join(part for part in (codes, away) if part) or "there is no postal code, and no coordinates that it could be measured by"
