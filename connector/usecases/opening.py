"""Opening a file as the settings of its feed say: layout, trailer, time zone, what of an archive is the feed's."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from zoneinfo import ZoneInfo

from connector.app import App
from connector.feeds import FEEDS, Reading, unpacked_reading
from connector.formats.layout import Layout, load_layout


def layout_of(app: App, feed: str, name: str = "") -> Layout:
    """Return a layout by its name, "" for the feed's own. Raises SettingsError."""
    return load_layout(name or app.settings.feeds.of(feed).layout, app.settings.config_path.resolve().parent / "layouts")


def opened(app: App, feed: str, path: Path, layout: Layout | None = None, *, folder: Path | None = None) -> AbstractContextManager[Reading]:
    """Open a file or an archive as a feed; what is unpacked lies in `folder` (None: the working folder) until the block ends.

    Raises FileRefused, SettingsError, Unreachable as `unpacked_reading` does.
    """
    settings = app.settings.feeds.of(feed)
    return unpacked_reading(
        FEEDS[feed],
        path,
        layout or layout_of(app, feed),
        timezone=ZoneInfo(app.settings.schedule.timezone),
        trailer=settings.trailer,
        folder=folder or app.root / "var" / "work",
        pattern=_within(settings.pattern),
        beside=[FEEDS[other] for other in _beside(app, feed)],
    )


def _beside(app: App, feed: str) -> list[str]:
    """Return the other feeds that are read out of the same files by the same layout."""
    feeds = app.settings.feeds
    sharing = feeds.sharing(feeds.of(feed).out_of or feed)
    return [other for other in sharing if other != feed and feeds.of(other).layout == feeds.of(feed).layout]


def _within(pattern: str) -> str:
    """Return the pattern that chooses among the files of an archive: that of the archives, any ending in the place of theirs."""
    last = pattern.rpartition("/")[2]
    stem, dot, ending = last.rpartition(".")
    return f"{stem}*" if dot and ending.lower() in ("zip", "gz") else last
