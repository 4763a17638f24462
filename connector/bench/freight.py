"""Freight tables of a mid-sized seller: every postal code of Brazil in ranges, in bands of weight, for two ways of delivery."""

from __future__ import annotations

from pathlib import Path

HEADER = (
    "ZipCodeStart;ZipCodeEnd;PolygonName;WeightStart;WeightEnd;AbsoluteMoneyCost;PricePercent;PriceByExtraWeight;MaxVolume;TimeCost;"
    "Country;MinimumValueInsurance"
)
RANGES = 100
BANDS = ((0, 1_000), (1_001, 5_000), (5_001, 30_000), (30_001, 300_000))
"""In grams."""
WAYS = {"normal": (1000, 5), "express": (2500, 2)}
"""The cheapest cost in cents, and the days."""


def write_freight(folder: Path) -> None:
    for name, (cents, days) in WAYS.items():
        lines = [_line(place, band, cents, days) for place in range(RANGES) for band in range(len(BANDS))]
        (folder / f"{name}.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="ascii")


def cost_cents(cents: int, place: int, band: int) -> int:
    return cents + place * 10 + band * 700


def _line(place: int, band: int, cents: int, days: int) -> str:
    width = 100_000_000 // RANGES
    start, end = place * width, (place + 1) * width - 1
    light, heavy = BANDS[band]
    cost = cost_cents(cents, place, band)
    return f"{start:08d};{end:08d};;{light};{heavy};{cost // 100},{cost % 100:02d};0;0;10000000;{days}.00:00:00;BRA;0"
