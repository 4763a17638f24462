"""Settings of the days on which the seller works: `[shipping.calendar]`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from connector.settings.errors import misfit
from connector.settings.values import Section

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class CalendarSettings(Section):
    holidays: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}(-[A-Z0-9]{1,3})?)?$")] = ""
    closed: tuple[date, ...] = ()
    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1)] = ("mon", "tue", "wed", "thu", "fri")
    opens: Clock = "08:00"

    @model_validator(mode="after")
    def _known(self) -> CalendarSettings:
        country, _, state = self.holidays.partition("-")
        if country:
            known = _holidays_known()
            if country not in known:
                raise misfit("holidays", self.holidays, "a country's code of two letters, such as BR, with or without a state: BR-SP")
            if state and state not in known[country]:
                raise misfit("holidays", self.holidays, f"{country} alone, or with one of {', '.join(known[country])}: {country}-XX")
        return self


def _holidays_known() -> dict[str, list[str]]:
    import holidays

    return holidays.list_supported_countries(include_aliases=False)
