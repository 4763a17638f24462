"""Settings of orders: `[orders]`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from connector.settings.values import Section, Share

TEMPLATES = "config/templates/"
FORMAT = re.compile(r"json|csv|[A-Za-z0-9._-]+\.j2")
RESERVATION = re.compile(r"[0-9]{1,4}(d|bd|h|m)")


def _format(text: str) -> str:
    """Take a template by its name, or with the folder where all of them lie."""
    name = text.removeprefix(TEMPLATES)
    if not FORMAT.fullmatch(name):
        raise ValueError(f"json, csv, or NAME.j2 for a template {TEMPLATES}NAME.j2")
    return name


def _reservation(text: str) -> str:
    if not RESERVATION.fullmatch(text):
        raise ValueError("a time such as 8d, 5bd (working days), 12h or 30m")
    return text


class OrdersSettings(Section):
    export_on: Literal["placement", "dispatch"] = "placement"
    format: Annotated[str, AfterValidator(_format)] = "json"
    price_tolerance: Share = 0.05
    total_mismatch: Literal["flag", "refuse"] = "flag"
    pickup_minutes: int = Field(0, ge=0, le=10_080)
    reservation: Annotated[str, AfterValidator(_reservation)] = "8d"
    accept_changes: bool = False
    personal_days: int = Field(90, ge=0, le=36_500)
