"""Settings of what is kept: `[backup]` and `[disk]`."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from connector.settings.values import Section, SpanText, minutes


class BackupSettings(Section):
    """Copies of a SQLite database. Thirty days are the most: what is erased must be gone from the last of them by then (LGPD)."""

    folder: str = Field("var/backups", min_length=1)
    every: SpanText = "1h"
    keep: str = Field("7d", pattern=r"^([1-9]|[12][0-9]|30)d$")

    @property
    def kept_for(self) -> timedelta:
        return timedelta(minutes=minutes(self.keep))

    @property
    def made_every(self) -> timedelta | None:
        return timedelta(minutes=minutes(self.every)) if self.every else None


class DiskSettings(Section):
    """How little may be left of a disk, in megabytes and as a share of it; whichever is less counts."""

    least_free_mb: int = Field(200, ge=0, le=1_000_000)
    least_free_share: float = Field(0.05, ge=0, le=1)
