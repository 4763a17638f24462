"""Days and instants as ERPs write them, read into aware UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from connector.feeds.values import BadValue, Context

_ISO_DAY = r"(?P<yyyy>[0-9]{4})-(?P<mm>[0-9]{2})-(?P<dd>[0-9]{2})"
_BRAZILIAN_DAY = r"(?P<dd>[0-9]{2})/(?P<mm>[0-9]{2})/(?P<yyyy>[0-9]{4})"
_TIME = r"(?:[T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,][0-9]{1,9})?)?)?"
_ZONE = r" ?(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?"
NO_END = 9999
"""The year that ERPs write where something never ends."""
_FIRST = datetime(1, 1, 2, tzinfo=UTC)
"""What was before has no day in time zones to the west."""


def instant(text: str, context: Context) -> datetime:
    """Read a day or an instant as aware UTC; a day is its beginning in the given time zone."""
    return _read(text, context)


def until(text: str, context: Context) -> datetime | None:
    """Read the end of a validity: a day lasts to its end, which is the next day's beginning; the year 9999 means no end."""
    at = _read(text, context, day=1)
    return None if at.year >= NO_END else at


def _read(text: str, context: Context, *, day: int = 0) -> datetime:
    found = next((match for form in _forms(context.layout.dates) if (match := form.fullmatch(text))), None)
    if found is None:
        raise BadValue(f"it is no date such as {context.layout.dates or '2026-12-31, 2026-12-31T18:00:00-03:00 or 31/12/2026'}")
    try:
        at = _instant(found.groupdict(), context, day)
    except (ValueError, OverflowError):
        at = None
    if at is None or at < _FIRST:
        raise BadValue("there is no such day or time")
    return at


def _instant(parts: dict[str, str | None], context: Context, day: int) -> datetime:
    year = int(parts.get("yyyy") or f"20{parts.get('yy')}")
    month, day_of_month, hour, minute, second = (int(parts[name] or 0) for name in ("mm", "dd", "hour", "minute", "second"))
    if year >= NO_END:
        return datetime(NO_END, month, day_of_month, tzinfo=UTC)
    at = datetime(year, month, day_of_month, hour, minute, second, tzinfo=_zone(parts["zone"]) or context.timezone)
    if parts["hour"] is None and parts["zone"] is None:
        at += timedelta(days=day)
    return at.astimezone(UTC)


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


@lru_cache(maxsize=16)
def _forms(dates: str) -> tuple[re.Pattern[str], ...]:
    days = (_from_layout(dates),) if dates else (_ISO_DAY, _BRAZILIAN_DAY)
    return tuple(re.compile(day + _TIME + _ZONE) for day in days)


def _from_layout(dates: str) -> str:
    """Turn "dd/mm/yy" into its expression."""
    parts = re.split(r"(yyyy|yy|dd|mm)", dates)
    return "".join(f"(?P<{part}>[0-9]{{{len(part)}}})" if part in ("yyyy", "yy", "dd", "mm") else re.escape(part) for part in parts)
