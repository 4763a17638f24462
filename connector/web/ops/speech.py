"""What the console says, in Portuguese, Spanish or English: the catalogues, and numbers and times as people of each language read them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

LANGUAGES = {"pt": "Português", "es": "Español", "en": "English"}
PHRASES = Path(__file__).parents[1] / "phrases"
STEPS = (("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1))
DAYS = {"pt": "%d/%m/%Y %H:%M", "es": "%d/%m/%Y %H:%M", "en": "%Y-%m-%d %H:%M"}
DAILY = re.compile(r"([0-9]{1,2}) ([0-9]{1,2}) \* \* \*")
KIBI = 1024


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> Mapping[str, str]:
    """Return a language's phrases by key."""
    found: dict[str, str] = tomllib.loads((PHRASES / f"{language}.toml").read_text(encoding="utf-8"))
    return found


def preferred(cookie: str, accepted: str) -> str:
    """Choose a language: the one that the visitor switched to, else the browser's first that we speak, else Portuguese."""
    if cookie in LANGUAGES:
        return cookie
    wishes = sorted((-_weight(part), at, part) for at, part in enumerate(accepted[:200].lower().split(",")))
    spoken = (part.partition(";")[0].strip().partition("-")[0] for _, _, part in wishes)
    return next((language for language in spoken if language in LANGUAGES), "pt")


def _weight(part: str) -> float:
    try:
        return float(part.partition("q=")[2] or 1)
    except ValueError:
        return 0.0


class Speech:
    """One language, in one time zone, at one moment (aware UTC)."""

    def __init__(self, language: str, zone: ZoneInfo, now: datetime) -> None:
        self.language, self.zone, self.now = language, zone, now
        self._phrases = catalogue(language)

    def __call__(self, key: str, **values: object) -> str:
        """Say a phrase of the catalogue, its names filled."""
        return self._phrases[key].format(**values) if values else self._phrases[key]

    def many(self, key: str, count: int, **values: object) -> str:
        """Say a phrase for one or for many."""
        return self(f"{key}.one" if count == 1 else f"{key}.many", count=self.number(count), **values)

    def word(self, group: str, word: str) -> str:
        """Say a stored word (a state, a kind, a name) as people do; one that the catalogue lacks stays as it is."""
        return self._phrases.get(f"{group}.{word}", word)

    def knows(self, key: str) -> bool:
        return key in self._phrases

    def schedule(self, text: str) -> str:
        """Say when a job runs; a line of cron that says more than a time of each day stays as it is."""
        daily = DAILY.fullmatch(text)
        if daily:
            return self("job.daily", time=f"{int(daily[2]):02}:{int(daily[1]):02}")
        if text.startswith("every "):
            return self("job.every", span=text.removeprefix("every "))
        return text or self("job.never")

    def number(self, value: float) -> str:
        """`12345` → 12.345, or 12,345 in English."""
        text = f"{value:,.0f}"
        return text if self.language == "en" else text.replace(",", ".")

    def money(self, cents: int | None) -> str:
        """`123450` → 1.234,50, or 1,234.50 in English."""
        if cents is None:
            return "–"
        text = f"{cents / 100:,.2f}"
        return text if self.language == "en" else text.translate(str.maketrans(",.", ".,"))

    def size(self, count: int) -> str:
        """Write a number of bytes."""
        value, unit = float(count), "B"
        for unit in ("B", "kB", "MB", "GB"):
            if value < KIBI or unit == "GB":
                break
            value /= KIBI
        return f"{value:.0f} {unit}"

    def clock(self, at: datetime | None) -> str:
        """Write an instant as a clock of the shop shows it."""
        return self("time.never") if at is None else at.astimezone(self.zone).strftime(DAYS[self.language])

    def day(self, at: datetime) -> str:
        """Write a day that came without an hour."""
        return at.strftime(DAYS[self.language].partition(" ")[0])

    def ago(self, at: datetime | None) -> str:
        """`3 min ago`, `há 3 min`; an instant ahead is `in 3 min`."""
        if at is None:
            return self("time.never")
        seconds = (self.now - at).total_seconds()
        if abs(seconds) < 1:
            return self("time.now")
        return self("time.ago" if seconds >= 0 else "time.ahead", span=self.span(abs(seconds)))

    def span(self, seconds: float) -> str:
        """Write a length of time by its largest unit."""
        unit, size = next((step for step in STEPS if seconds >= step[1]), STEPS[-1])
        return self(f"time.{unit}", count=int(seconds // size))
