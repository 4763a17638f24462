"""A page on the terminal that is drawn anew every few seconds."""

from __future__ import annotations

import io
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout, suppress

from connector.cli import show
from connector.errors import ConnectorError, UsageError


def watch(draw: Callable[[], None], every: float) -> None:
    """Draw again and again, until Ctrl-C. What cannot be reached is said on the page, and looked for again. Raises UsageError."""
    if not sys.stdout.isatty():
        raise UsageError("--watch draws on a terminal, and there is none", remedy="without it, status is said once; --json for programs")
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(highlight=False)
    with suppress(KeyboardInterrupt), Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            live.update(Text(_page(draw)), refresh=True)
            time.sleep(every)


def _page(draw: Callable[[], None]) -> str:
    """Return what would be printed, as wide as the terminal is now and no longer than it."""
    size, page = shutil.get_terminal_size(), io.StringIO()
    token = show.WIDTH.set(size.columns)
    try:
        with redirect_stdout(page):
            show.say(f"{time.strftime('%H:%M:%S')}  Ctrl-C ends")
            draw()
    except ConnectorError as error:
        return f"{page.getvalue()}{error}"
    finally:
        show.WIDTH.reset(token)
    lines = page.getvalue().splitlines()
    more = f"… {len(lines) - size.lines + 2} lines more: connector status" if len(lines) >= size.lines else ""
    return "\n".join([*lines[: size.lines - 2], more])
