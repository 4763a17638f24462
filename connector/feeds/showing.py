"""A value that was read, written for a person: with its unit where the column has one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from connector.feeds import values
from connector.feeds.columns import Column

_WRITTEN: dict[Callable[..., Any], Callable[[Any], str]] = {
    values.money: lambda cents: f"{cents // 100}.{cents % 100:02d}",
    values.grams_of_kg: lambda grams: f"{grams} g",
    values.length: lambda centimetres: f"{centimetres:g} cm",
}


def shown(column: Column, value: Any) -> str:
    """Write a value: amounts in the currency's unit with a point, weights in g, lengths in cm, instants in UTC, "" for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat()
    return _WRITTEN.get(column.read, str)(value)
