"""Ways of delivery and pickup points: what is set of each beside the rates of the freight files."""

from __future__ import annotations

from datetime import time

from connector.configured.calendar import weekdays
from connector.domain import money
from connector.domain.freight import SECONDS, EstimateUnit, postal_key
from connector.domain.pickup import Address, PickupPoint
from connector.domain.ways import SlaRules
from connector.domain.windows import WindowRule
from connector.domain.working_days import Handling
from connector.settings import PickupPointSettings, SlaSettings, WindowSettings


def rules_of(sla: SlaSettings, calendar_kept: bool) -> SlaRules:
    """Return what a way of delivery's settings say beside its rates."""
    windows = tuple(_window(window) for window in sla.windows)
    return SlaRules(sla.cubic_factor, handling(sla, calendar_kept), windows, sla.window_days)


def handling(sla: SlaSettings, calendar_kept: bool) -> Handling | None:
    """Return what happens before a parcel leaves; None where nothing is set that the table's own times would not say."""
    number, unit = duration(sla.handling)
    counts = sla.transit == "business"
    if not (calendar_kept or sla.cut_off or number or counts):
        return None
    return Handling(_clock(sla.cut_off), *((number, 0) if unit == "bd" else (0, number * SECONDS[unit])), counts_business_days=counts)


def duration(text: str) -> tuple[int, EstimateUnit]:
    """Take a duration apart: "2bd" is 2 and "bd"."""
    unit: EstimateUnit = "bd" if text.endswith("bd") else "d" if text.endswith("d") else "h" if text.endswith("h") else "m"
    return int(text.removesuffix(unit)), unit


def _window(window: WindowSettings) -> WindowRule:
    start, end = time.fromisoformat(window.start), time.fromisoformat(window.end)
    return WindowRule(weekdays(window.weekdays), start, end, money.cents(window.price))


def pickup_point(point: PickupPointSettings, country: str, calendar_kept: bool) -> PickupPoint:
    """Return a pickup point in the seller's country."""
    number, unit = duration(point.ready_in)
    kept = calendar_kept or bool(point.cut_off)
    return PickupPoint(
        id=point.id,
        name=point.name,
        additional_info=point.additional_info,
        address=_address(point, country),
        reach=tuple((postal_key(start), postal_key(end)) for start, end in point.reach),
        reach_km=point.reach_km,
        price_cents=money.cents(point.price),
        ready_in_seconds=number * SECONDS[unit],
        unit=unit,
        handling=Handling(_clock(point.cut_off)) if kept else None,
    )


def _address(point: PickupPointSettings, country: str) -> Address:
    position = None if point.latitude is None or point.longitude is None else (point.latitude, point.longitude)
    place = (point.postal_code, point.state, point.city, point.neighborhood, point.street, point.number, point.complement)
    return Address(country, *place, position)


def _clock(text: str) -> time | None:
    return time.fromisoformat(text) if text else None
