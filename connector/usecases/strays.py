"""Files that lie in the ERP source's own folder and that no feed takes: somebody exports there and waits in vain."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from connector.app import App
from connector.erp import intake
from connector.settings import FeedsSettings

SHOWN = 3
_COUNTED = "0123456789_-. "
"""What stands at the end of names that change with each export."""


def strays(app: App) -> list[str]:
    """Name the finished files of the source's own folder that no feed's pattern matches. Raises Unreachable."""
    feeds, marker = app.settings.feeds, app.settings.erp.done_marker
    own = [feeds.of(feed) for feed in FeedsSettings.model_fields if not feeds.of(feed).out_of]
    taken = {file.name for feed in own if "/" not in feed.pattern for file in intake.candidates(app.source, feed, "")}
    there = [file.name for file in app.source.listing("") if not intake.is_ignored(file, marker)]
    return sorted(name for name in there if name not in taken)


def found(names: Sequence[str]) -> str:
    """Say which files are left where they lie."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"no feed takes what lies in its own folder: {', '.join(names[:SHOWN])}{more}"


def remedy(names: Sequence[str]) -> str:
    """Say how they come in."""
    return f'put it into products/, prices/, stock/ …, or write pattern = "{_pattern(names[0])}" in the feed whose file it is'


def _pattern(name: str) -> str:
    path = PurePosixPath(name)
    return f"{path.stem.rstrip(_COUNTED)}*{path.suffix}"
