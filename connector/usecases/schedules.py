"""The jobs' schedules: what the settings say, or the job's own default; for the daemon and the doctor."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connector.domain.schedule import ALLOWED, Every, Schedule, parse
from connector.errors import SettingsError
from connector.settings import Settings


def schedules(settings: Settings, defaults: Mapping[str, str]) -> dict[str, Schedule]:
    """Return each scheduled job's schedule by name; a job whose schedule is "" is left out. `defaults` has one for every job.

    Raises SettingsError for one that cannot be read, and for a key that is no job's.
    """
    refuse_unknown(settings, defaults)
    read = {name: _schedule(settings, _key(name), default) for name, default in defaults.items()}
    return {name: schedule for name, schedule in read.items() if schedule is not None}


def written(settings: Settings, defaults: Mapping[str, str]) -> dict[str, str]:
    """Return each job's schedule as the settings write it, or its default."""
    return {name: settings.schedule.jobs.get(_key(name), default) for name, default in defaults.items()}


def first_pass(settings: Settings, name: str, after: datetime) -> datetime:
    """Say when the first pass of a job after an instant is due, as far as the settings tell: without a schedule there, at once."""
    try:
        schedule = parse(settings.schedule.jobs.get(_key(name), ""))
    except ValueError:  # the daemon and the doctor say so
        return after
    if isinstance(schedule, Every):
        return after + timedelta(seconds=schedule.seconds)
    return (schedule.next_after(after, ZoneInfo(settings.schedule.timezone)) if schedule else None) or after


def refuse_unknown(settings: Settings, defaults: Mapping[str, str]) -> None:
    """Raise SettingsError for a key of [schedule] that is no job's."""
    known = [*(_key(name) for name in defaults), "timezone"]
    for key in settings.schedule.jobs:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            allowed = "no such key" + (f"; did you mean {near[0]}?" if near else "")
            raise SettingsError(str(settings.config_path), f"schedule.{key}", found=key, allowed=allowed)


def _key(name: str) -> str:
    return name.replace("-", "_")


def _schedule(settings: Settings, key: str, default: str) -> Schedule | None:
    text = settings.schedule.jobs.get(key, default)
    try:
        return parse(text)
    except ValueError as error:
        raise SettingsError(str(settings.config_path), f"schedule.{key}", found=text, allowed=ALLOWED, remedy=str(error)) from None
