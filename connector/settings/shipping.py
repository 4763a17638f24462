"""Settings of delivery: `[shipping]`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from connector.settings.values import Section


class SlaSettings(Section):
    id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    name: str = ""
    table: str
    estimate_unit: Literal["d", "bd", "h", "m"] = "bd"


class ShippingSettings(Section):
    country: str = Field("BRA", pattern=r"^[A-Z]{3}$")
    split: Literal["item", "cart"] = "item"
    slas: tuple[SlaSettings, ...] = ()
