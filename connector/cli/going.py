"""How far long work is: a bar for each marketplace on a terminal, else a line a minute; on standard error, so that answers stay alone."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from connector.cli import show

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from connector.usecases.passes import Going

SPOKEN_SECONDS = 60.0


@contextmanager
def shown() -> Iterator[Callable[[Going], None]]:
    """Show how far passes over marketplaces' messages are, for as long as the block lasts."""
    if not sys.stderr.isatty():
        yield Spoken(show.complain)
        return
    with drawn() as bar:
        yield Bars(bar)


def drawn() -> Progress:
    """Return a bar on standard error, drawn on a terminal alone."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.fields[ahead]}"))
    return Progress(*columns, console=Console(file=sys.stderr), disable=not sys.stderr.isatty(), transient=True)


class Bars:
    """A bar for each marketplace; safe between threads."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, going: Going) -> None:
        if going.account not in self._tasks:
            self._tasks[going.account] = self._bar.add_task(going.account, total=None, ahead="")
        self._bar.update(self._tasks[going.account], completed=going.done, total=going.done + going.left, ahead=going.ahead)


class Spoken:
    """A sentence for each marketplace, once a minute: the first after the first minute, so that a short pass says nothing."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self._began = clock()
        self._spoke: dict[str, float] = {}

    def __call__(self, going: Going) -> None:
        now = self._clock()
        if now - self._spoke.get(going.account, self._began) >= SPOKEN_SECONDS:
            self._spoke[going.account] = now
            self._say(str(going))
