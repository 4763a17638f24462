"""Settings of delivery: `[shipping]`."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from connector.settings.calendar import CalendarSettings, Clock, Weekday
from connector.settings.errors import misfit
from connector.settings.values import Name, Section

Unit = Literal["d", "bd", "h", "m"]
Duration = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(d|bd|h|m)$")]
PostalCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z .-]{0,11}$")]


def _exact(value: object) -> object:
    """Take an amount as it is written: 9.90, not the binary number nearest to it."""
    return str(value) if isinstance(value, float) else value


Amount = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, le=10**9, decimal_places=2)]


class WindowSettings(Section):
    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1)]
    start: Clock
    end: Clock
    price: Amount = Decimal(0)

    @model_validator(mode="after")
    def _hours(self) -> WindowSettings:
        if self.end <= self.start:
            raise misfit("end", self.end, f"a time after start ({self.start}), on the same day")
        return self


class SlaSettings(Section):
    id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    name: str = ""
    table: str
    estimate_unit: Unit = "bd"
    cubic_factor: float = Field(0, ge=0, le=10_000, allow_inf_nan=False)
    cut_off: Clock | Literal[""] = ""
    handling: Duration = "0bd"
    transit: Literal["calendar", "business"] = "calendar"
    window_days: int = Field(7, ge=0, le=60)
    windows: tuple[WindowSettings, ...] = ()


class PickupPointSettings(Section):
    id: Name
    name: Annotated[str, StringConstraints(min_length=1)]
    additional_info: str = ""
    postal_code: Annotated[str, StringConstraints(min_length=1)]
    state: str
    city: str
    neighborhood: str
    street: str
    number: str
    complement: str = ""
    latitude: float | None = Field(None, ge=-90, le=90)
    longitude: float | None = Field(None, ge=-180, le=180)
    reach: tuple[tuple[PostalCode, PostalCode], ...] = ()
    reach_km: float = Field(0, ge=0, le=20_000)
    price: Amount = Decimal(0)
    ready_in: Duration = "1bd"
    cut_off: Clock | Literal[""] = ""

    @model_validator(mode="after")
    def _reaches_somebody(self) -> PickupPointSettings:
        if (self.latitude is None) != (self.longitude is None):
            raise misfit("longitude", self.longitude, "both latitude and longitude, or neither")
        if self.reach_km and self.latitude is None:
            raise misfit("reach_km", self.reach_km, "a reach in km for points with latitude and longitude alone")
        if not self.reach and not self.reach_km:
            raise misfit(
                "reach",
                "nothing",
                'ranges of postal codes such as ["01000-000", "05999-999"], or reach_km: else nobody is offered the point',
            )
        return self

    @model_validator(mode="after")
    def _ranges(self) -> PickupPointSettings:
        for start, end in self.reach:
            if _digits(end) < _digits(start):
                raise misfit("reach", f"{start} to {end}", "the first postal code before the last")
        return self


def _digits(code: str) -> int:
    """Return a postal code's number; 0 for those with letters, which are compared elsewhere."""
    digits = "".join(c for c in code if c.isdigit())
    return int(digits) if digits and not any(c.isalpha() for c in code) else 0


class ShippingSettings(Section):
    country: str = Field("BRA", pattern=r"^[A-Z]{3}$")
    split: Literal["item", "cart"] = "item"
    calendar: CalendarSettings = CalendarSettings.model_construct()
    slas: tuple[SlaSettings, ...] = ()
    pickup_points: tuple[PickupPointSettings, ...] = ()

    @property
    def ids(self) -> list[str]:
        """What an order may name as its way of delivery."""
        return [*(sla.id for sla in self.slas), *(point.id for point in self.pickup_points)]

    @model_validator(mode="after")
    def _ids(self) -> ShippingSettings:
        """Refuse one id for two ways of delivery: the marketplace could not tell them apart (KI 298665)."""
        counted = Counter(self.ids)
        twice = next((name for name, count in counted.items() if count > 1), None)
        if twice:
            raise misfit("id", f"{twice} twice", "an id of its own for each way of delivery and each pickup point")
        return self
