"""Settings of when jobs run: `[schedule]`."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from pydantic import ConfigDict, model_validator

from connector.settings.errors import misfit
from connector.settings.values import Section


class ScheduleSettings(Section):
    """When each job runs: a key for each, its name with underscores; cron as cron means it, or "every 5m"; "" is never.

    Which jobs there are, and their defaults, `jobs` knows, which this module cannot import; `usecases/schedules` compares the two.
    """

    model_config = ConfigDict(extra="allow", frozen=True, str_strip_whitespace=True)
    __pydantic_extra__: dict[str, str]

    timezone: str = "America/Sao_Paulo"

    @property
    def jobs(self) -> dict[str, str]:
        return dict(self.__pydantic_extra__)

    @model_validator(mode="after")
    def _zone(self) -> ScheduleSettings:
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):
            raise misfit("timezone", self.timezone, "a time zone such as America/Sao_Paulo") from None
        return self
