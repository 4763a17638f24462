"""Rates in the columns of VTEX's freight spreadsheet: weights in grams, volume in cubic centimetres, amounts in the currency's unit."""

from __future__ import annotations

from collections.abc import Iterator

from connector.feeds import columns as c
from connector.feeds.feed import Feed, Values

CEP_DIGITS = 8
FIRST_CEP = "01000000"
WRITE_WHOLE = "write all 8 digits of a code, such as 01000000 to 19999999"


def _adjust(values: Values) -> dict[str, int]:
    """Give back the leading zero that a CEP kept as a number has lost."""
    for name in ("zip_start", "zip_end"):
        values[name] = [_cep(code, country) for code, country in zip(values[name], values["country"], strict=True)]
    return {}


def _cep(code: str, country: str) -> str:
    return code.zfill(CEP_DIGITS) if country in ("", "BRA") and len(code) == CEP_DIGITS - 1 and code.isdigit() else code


def _check(values: Values) -> Iterator[tuple[int, str, str]]:
    for at, (start, end) in enumerate(zip(values["zip_start"], values["zip_end"], strict=True)):
        if len(start) == len(end) and end < start:
            yield at, "ZipCodeEnd", "it is below ZipCodeStart"
    for at, (end, country) in enumerate(zip(values["zip_end"], values["country"], strict=True)):
        if country.upper() == "BRA" and end.isdigit() and 0 < int(end) < int(FIRST_CEP) and set(end.lstrip("0")) != {"9"}:
            yield at, "ZipCodeEnd", f"no CEP is as low: {WRITE_WHOLE}"
    for at, (lightest, heaviest) in enumerate(zip(values["weight_start_g"], values["weight_end_g"], strict=True)):
        if heaviest < lightest:
            yield at, "WeightEnd", "it is below WeightStart"


FREIGHT = Feed(
    "freight",
    key=(),
    columns=(
        c.zip_code("ZipCodeStart", "zip_start", required=True),
        c.zip_code("ZipCodeEnd", "zip_end", required=True),
        c.text("PolygonName", "polygon"),
        c.whole("WeightStart", "weight_start_g", required=True),
        c.whole("WeightEnd", "weight_end_g", required=True),
        c.money("AbsoluteMoneyCost", "cost_cents", required=True),
        c.percent("PricePercent", "price_percent"),
        c.cents_per_gram("PriceByExtraWeight", "price_by_extra_weight_cents"),
        c.whole("MaxVolume", "max_volume_cm3"),
        c.time_cost("TimeCost", "time_cost_seconds", required=True),
        c.text("Country", "country"),
        c.money("MinimumValueInsurance", "minimum_insurance_cents", empty=0),
    ),
    adjust=_adjust,
    check=_check,
    reads_every_sheet=True,
)
