"""Freight explained: of what a price is made, and which rows come nearest where none holds. The answers themselves are `freight`'s."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP

from connector.domain.freight import Destination, NoQuote, Parcel, Quote, Rate, RateTable, Zone, insurance_cents, quote
from connector.domain.working_days import DAY, LONGEST_DAYS, Departure, Handling


@dataclass(frozen=True, slots=True)
class Parts:
    """What a price is made of, in cents; the three add up to it."""

    cost_cents: int
    insurance_cents: int
    extra_weight_cents: int


@dataclass(frozen=True, slots=True)
class Explained:
    """A parcel's quote in one table. `takers`: how many rows took it; `nearest`: the rows to look at where none did."""

    found: Quote | NoQuote
    parts: Parts | None
    takers: int
    nearest: tuple[Rate, ...]


def explain(table: RateTable, destination: Destination, parcel: Parcel) -> Explained:
    """Quote a parcel as `freight.quote` does, and say how that came about."""
    zone = table.zone(destination)
    found = quote(zone, parcel)
    if isinstance(zone, NoQuote):
        return Explained(found, None, 0, tuple(table.beside(destination)))
    takers = len(zone.takers(parcel))
    if isinstance(found, NoQuote):
        return Explained(found, None, takers, _nearest(zone, parcel))
    return Explained(found, parts(found, parcel), takers, ())


def parts(found: Quote, parcel: Parcel) -> Parts:
    """Take a price apart. It was rounded once, at its end: the extra weight's share is what makes the parts add up."""
    insured = int(insurance_cents(found.rate, parcel).to_integral_value(ROUND_HALF_UP))
    return Parts(found.rate.cost_cents, insured, found.price_cents - found.rate.cost_cents - insured)


def _nearest(zone: Zone, parcel: Parcel) -> tuple[Rate, ...]:
    """Return the row whose weights come nearest, of those that hold the weight the one that takes most."""
    return (min(zone.rates(), key=lambda rate: (_grams_away(rate, parcel), -rate.max_volume_cm3, rate.file, rate.line)),)


def _grams_away(rate: Rate, parcel: Parcel) -> int:
    return max(rate.weight_start_g - parcel.weight_g, parcel.weight_g - rate.weight_end_g, 0)


def calendar_reason(leaves: Departure | None, handling: Handling | None, seconds: int) -> dict[str, str] | None:
    """Say when an order of now leaves and what the calendar adds to the table's time (seconds); None where no calendar is kept."""
    if leaves is None or handling is None:
        return None
    return {"ordered_on": str(leaves.today), "leaves_on": str(leaves.day), "reason": "; ".join(_delays(leaves, handling, seconds))}


def _delays(leaves: Departure, handling: Handling, seconds: int) -> Iterator[str]:
    calendar = leaves.calendar
    if not calendar.is_open(leaves.today):
        yield f"{leaves.today} is no working day"
    elif handling.cut_off and leaves.since >= calendar.instant(leaves.today, handling.cut_off):
        yield f"ordered after the cut-off at {handling.cut_off:%H:%M}"
    if handling.days:
        yield f"{handling.days} working day{'s' if handling.days > 1 else ''} of handling"
    if handling.seconds:
        yield f"{handling.seconds} seconds of handling"
    days = min(-(-(seconds + handling.seconds) // DAY), LONGEST_DAYS)
    closed = sorted(day for day in calendar.closed if leaves.today <= day <= calendar.arrival(leaves.day, days))
    if closed:
        yield f"closed on {', '.join(map(str, closed))}"
