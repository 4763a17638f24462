"""Units that a layout may name for weights, lengths and amounts, and what they come to in kg, cm and the currency's unit."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from connector.errors import SettingsError
from connector.feeds import values
from connector.feeds.columns import Column
from connector.feeds.feed import Feed
from connector.formats.layout import Layout

_UNITS: dict[Callable[..., Any], dict[str, Decimal]] = {
    values.grams_of_kg: {"kg": Decimal(1), "g": Decimal("0.001")},
    values.length: {"cm": Decimal(1), "mm": Decimal("0.1"), "m": Decimal(100)},
    values.money: {"units": Decimal(1), "cents": Decimal("0.01")},
}


def scale_of(column: Column, layout: Layout) -> Decimal:
    """Return what a column's numbers are multiplied by to be in our unit."""
    unit = {name.casefold(): unit for name, unit in layout.units.items()}.get(column.name.casefold())
    return _UNITS.get(column.read, {}).get(unit, Decimal(1)) if unit else Decimal(1)


def refuse_wrong_units(layout: Layout, feeds: Mapping[str, Feed]) -> None:
    """Raise SettingsError where a unit is none that the column can be counted in."""
    for name, unit in layout.units.items():
        allowed = _allowed(name, feeds)
        if unit not in allowed:
            near = difflib.get_close_matches(unit, allowed, n=1)
            words = " or ".join(f'"{one}"' for one in allowed) or "no unit: it is neither a weight, nor a length, nor an amount of money"
            raise SettingsError(layout.source, f"units.{name}", found=unit, allowed=words + (f"; did you mean {near[0]}?" if near else ""))


def _allowed(name: str, feeds: Mapping[str, Feed]) -> list[str]:
    columns = [column for feed in feeds.values() if (column := feed.column(name)) is not None]
    return list(dict.fromkeys(unit for column in columns for unit in _UNITS.get(column.read, {})))
