"""The jobs' schedules, read from the settings; for the daemon and the doctor."""

from __future__ import annotations

from collections.abc import Iterable

from connector.domain.schedule import ALLOWED, Schedule, parse
from connector.errors import SettingsError
from connector.settings import Settings


def schedules(settings: Settings, jobs: Iterable[str]) -> dict[str, Schedule]:
    """Return each scheduled job's schedule by name; a job whose schedule is "" is left out.

    Raises SettingsError for one that cannot be read.
    """
    read = {name: _schedule(settings, name.replace("-", "_")) for name in jobs}
    return {name: schedule for name, schedule in read.items() if schedule is not None}


def _schedule(settings: Settings, key: str) -> Schedule | None:
    text: str = getattr(settings.schedule, key)
    try:
        return parse(text)
    except ValueError as error:
        raise SettingsError(str(settings.config_path), f"schedule.{key}", found=text, allowed=ALLOWED, remedy=str(error)) from None
