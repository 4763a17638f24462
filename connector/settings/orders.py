"""Settings of orders: `[orders]`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from connector.settings.values import Section, Share


class OrdersSettings(Section):
    export_on: Literal["placement", "dispatch"] = "placement"
    format: str = Field("json", pattern=r"^(json|csv|[A-Za-z0-9._-]+\.j2)$")
    price_tolerance: Share = 0.05
    total_mismatch: Literal["flag", "refuse"] = "flag"
    pickup_minutes: int = Field(0, ge=0, le=10_080)
    reservation: str = Field("8d", pattern=r"^[0-9]{1,4}(d|bd|h|m)$")
    accept_changes: bool = False
