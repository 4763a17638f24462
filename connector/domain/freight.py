"""Freight: rates in the columns of VTEX's freight spreadsheet, and what a parcel costs by them.

Money in cents, weights in grams, volumes in cm³. Rules: field notes 4.6. A quote keeps its rate and a refusal its reason, so that
an answer can be explained.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from math import ceil
from typing import Literal, NamedTuple

from connector.domain.ranges import Ranges

EstimateUnit = Literal["d", "bd", "h", "m"]
SECONDS: dict[EstimateUnit, int] = {"d": 86400, "bd": 86400, "h": 3600, "m": 60}

MAX_CENTS = 10**15
"""Beyond this nothing is priced: no document could carry it. Below, 28 digits of decimals are exact."""
POSTAL_WIDTH = 12
MAX_CM3 = 1e15
NOISE_G = 1e-6
NOISE_CM3 = 1e-6  # a volume is a product of three floats: 10.1 × 10.1 × 10.1 must still fit its own limit


@dataclass(frozen=True, slots=True)
class Rate:
    """A row of a freight file: `percent` of the goods' price, `extra_per_gram` in cents above `weight_start_g`."""

    file: str
    line: int
    zip_start: str
    zip_end: str
    polygon: str
    weight_start_g: int
    weight_end_g: int
    cost_cents: int
    percent: Decimal
    extra_per_gram: Decimal
    max_volume_cm3: int  # 0 = no limit
    time_cost_seconds: int
    country: str
    minimum_insurance_cents: int


class Parcel(NamedTuple):
    """What is sent together: its weight, its volume, and the price of the goods in it."""

    weight_g: int
    volume_cm3: float
    goods_cents: int


@dataclass(frozen=True, slots=True)
class Destination:
    """Where it goes: `postal_code` as `postal_key` makes it; "" where only coordinates (a pair of degrees, as sent) are known."""

    country: str
    postal_code: str
    coordinates: tuple[float, ...] = ()


class Quote(NamedTuple):
    price_cents: int
    rate: Rate


@dataclass(frozen=True, slots=True)
class NoQuote:
    reason: str


@dataclass(frozen=True, slots=True)
class Zone:
    """The rates that reach one destination, by weight: one entry for each range of postal codes that holds it."""

    bands: tuple[Ranges[int, Rate], ...]

    def rates(self) -> list[Rate]:
        """Return every rate that reaches the destination, whatever it weighs."""
        return [rate for band in self.bands for rate in band.values()]

    def takers(self, parcel: Parcel) -> list[Rate]:
        """Return the rates that take a parcel, by its weight and its volume."""
        return [rate for rate in self.by_weight(parcel.weight_g) if _takes_volume(rate, parcel)]

    def by_weight(self, grams: int) -> list[Rate]:
        if len(self.bands) == 1:
            return self.bands[0].at(grams)
        return [rate for band in self.bands for rate in band.at(grams)]


def weighed(parcel: Parcel, cubic_factor: float) -> Parcel:
    """Return the parcel as a carrier weighs it: the larger of its weight and its cubic weight (kg per m³, rounded up to the gram)."""
    if not cubic_factor:
        return parcel
    cubic_g = ceil(min(parcel.volume_cm3, MAX_CM3) * cubic_factor / 1000 - NOISE_G)
    return parcel._replace(weight_g=cubic_g) if cubic_g > parcel.weight_g else parcel


def postal_key(text: str) -> str:
    """Make a postal code comparable: no separators, and digits compare as numbers, so that a table that lost its leading zeros holds."""
    code = "".join(c for c in text if c.isascii() and c.isalnum()).upper()
    return code.zfill(POSTAL_WIDTH) if code.isdigit() else code


class RateTable:
    """All rates of one service level, from however many files; look-ups bisect (tables have 65,000 rows and thousands of ranges).

    Rows that name a polygon and no postal codes (0 to 0) reach nobody: no file says where a polygon lies.
    """

    def __init__(self, rates: Iterable[Rate], home: str) -> None:
        grouped: dict[str, dict[tuple[str, str], list[Rate]]] = defaultdict(lambda: defaultdict(list))
        for rate in rates:
            grouped[rate.country.upper() or home][postal_key(rate.zip_start), postal_key(rate.zip_end)].append(rate)
        self._by_country: dict[str, Ranges[str, Ranges[int, Rate]]] = {}
        self._everywhere: dict[str, list[Ranges[int, Rate]]] = {}
        for country, ranges in grouped.items():
            bands = [(start, end, Ranges(_bands(found))) for (start, end), found in ranges.items()]
            self._by_country[country] = Ranges(bands)
            self._everywhere[country] = [band for start, end, band in bands if _is_whole(start, end)]

    @property
    def countries(self) -> frozenset[str]:
        return frozenset(self._by_country)

    def beside(self, destination: Destination) -> list[Rate]:
        """Return rates of the ranges of postal codes next to one that no range holds: below it, then above it."""
        ranges = self._by_country.get(destination.country)
        if ranges is None or not destination.postal_code:
            return []
        return [next(band.values()) for band in ranges.beside(destination.postal_code)]

    def zone(self, destination: Destination) -> Zone | NoQuote:
        """Find the rates that reach a destination. One known by coordinates alone is reached by rates for the whole country only."""
        if not self._by_country:
            return NoQuote("the table has no rows")
        ranges = self._by_country.get(destination.country)
        if ranges is None:
            return NoQuote(f"no row for country {destination.country}")
        if not destination.postal_code:
            return _zone(self._everywhere[destination.country], "no row for the whole country, and no postal code")
        return _zone(ranges.at(destination.postal_code), f"no row for postal code {destination.postal_code[-8:]}")


def _zone(bands: Sequence[Ranges[int, Rate]], reason: str) -> Zone | NoQuote:
    return Zone(tuple(bands)) if bands else NoQuote(reason)


def _is_whole(start: str, end: str) -> bool:
    return not start.strip("0") and set(end.lstrip("0")) == {"9"}


def _bands(rates: list[Rate]) -> Iterable[tuple[int, int, Rate]]:
    """Give each rate the grams it holds for: above WeightStart up to WeightEnd.

    Tables write neighbours as 0–1000, 1000–2000 or as 0–1000, 1001–2000. A start that is also the end of another row of the same
    file and range belongs to that row; any other start is its own row's, or 1001 g (and 0 g) would cost nothing anywhere.
    """
    ends = {(rate.file, rate.weight_end_g) for rate in rates if rate.weight_start_g < rate.weight_end_g}
    for rate in rates:
        shared = rate.weight_start_g < rate.weight_end_g and (rate.file, rate.weight_start_g) in ends
        yield rate.weight_start_g + shared, rate.weight_end_g, rate


def quote(zone: Zone | NoQuote, parcel: Parcel) -> Quote | NoQuote:
    """Price a parcel: the cheapest rate that takes it, of equals the fastest, then the first by file and line."""
    if isinstance(zone, NoQuote):
        return zone
    by_weight = zone.by_weight(parcel.weight_g)
    if not by_weight:
        return NoQuote(f"no row for {parcel.weight_g} g")
    quotes = [_quoted(rate, parcel) for rate in by_weight if _takes_volume(rate, parcel)]
    if not quotes:
        return NoQuote(f"no row takes {parcel.volume_cm3:.0f} cm³ (the largest MaxVolume is {max(r.max_volume_cm3 for r in by_weight)})")
    best = quotes[0] if len(quotes) == 1 else min(quotes, key=_order)
    return best if best.price_cents <= MAX_CENTS else NoQuote(f"the price passes {MAX_CENTS} cents")


def _order(found: Quote) -> tuple[int, int, str, int]:
    return found.price_cents, found.rate.time_cost_seconds, found.rate.file, found.rate.line


def _takes_volume(rate: Rate, parcel: Parcel) -> bool:
    return rate.max_volume_cm3 == 0 or parcel.volume_cm3 <= rate.max_volume_cm3 + NOISE_CM3


def _quoted(rate: Rate, parcel: Parcel) -> Quote:
    """Price by one rate: cost + the larger of per cent and minimum insurance + extra weight; rounded half up once, at the end."""
    if not rate.percent and not rate.extra_per_gram:
        return Quote(rate.cost_cents + rate.minimum_insurance_cents, rate)
    exact = insurance_cents(rate, parcel) + rate.extra_per_gram * (parcel.weight_g - rate.weight_start_g) + rate.cost_cents
    return Quote(int(exact.to_integral_value(ROUND_HALF_UP)), rate)


def insurance_cents(rate: Rate, parcel: Parcel) -> Decimal:
    """Return the larger of the per cent of the goods' price and the minimum insurance, unrounded."""
    return max(rate.percent * parcel.goods_cents / 100, Decimal(rate.minimum_insurance_cents))


def estimate(seconds: int, unit: EstimateUnit) -> str:
    """Write a time as whole units, rounded up: 5 days in "bd" is "5bd"."""
    return f"{-(-seconds // SECONDS[unit])}{unit}"
