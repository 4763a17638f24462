"""Acts: what a person does is kept by name; what is long or heavy is asked of the daemon, which does it within a second or two.

The API's workers stay light: they never import a file and never take a job's turn themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connector.app import App
from connector.errors import ConnectorError, NotFound
from connector.storage import acts
from connector.storage.acts import Act
from connector.usecases.doers import AT_ONCE, BY_THE_DAEMON, RUN_JOB
from connector.usecases.job_switches import known

__all__ = ["Act", "abandon", "act", "ended", "ending", "note", "perform", "taken"]

LONGEST = 2000
UNFORESEEN = "it met an unexpected error; the daemon's log names it"
ABANDONED = "the daemon ended before it was done; ask for it again"


def note(app: App, what: str, about: str, *, who: str, via: str, outcome: str = "", failed: bool = False) -> int:
    """Keep what a person did; return the act's number."""
    return _keep(app, what, about, who=who, via=via, outcome=outcome, state="failed" if failed else "done")


def _keep(app: App, what: str, about: str, *, who: str, via: str, outcome: str, state: str) -> int:
    with app.db.write() as tx:
        return acts.note(tx, who=who, via=via, what=what, about=about[:LONGEST], outcome=outcome[:LONGEST], state=state, now=app.now)


def act(app: App, what: str, about: str, *, who: str, via: str = "console") -> int:
    """Do it now, or ask the daemon for it; return the act's number. What cannot be done is kept as failed, with the reason.

    Asked for twice, it is done once. Raises NotFound for an act that is none.
    """
    if what in AT_ONCE:
        return _now(app, what, about, who, via)
    if what == RUN_JOB:
        known(about)
    elif what not in BY_THE_DAEMON:
        raise NotFound("there is no such act")
    with app.db.read() as tx:
        twin = acts.open_twin(tx, what, about)
    return twin or _keep(app, what, about, who=who, via=via, outcome="", state="asked")


def _now(app: App, what: str, about: str, who: str, via: str) -> int:
    try:
        outcome = AT_ONCE[what](app, about, who)
    except ConnectorError as error:
        return note(app, what, about, who=who, via=via, outcome=str(error), failed=True)
    return note(app, what, about, who=who, via=via, outcome=outcome)


# ── the daemon's side ───────────────────────────────────────────────────────────────────────────────────────────────────
def taken(app: App) -> list[Act]:
    """Take what people asked for, the oldest first; whoever takes it does it."""
    with app.db.read() as tx:
        if not acts.any_asked(tx):
            return []
    with app.db.write() as tx:
        return acts.take_asked(tx)


def abandon(app: App) -> None:
    """Fail what a daemon before this one took and did not end. Called while holding the daemon's turn."""
    with app.db.write() as tx:
        acts.abandon(tx, ABANDONED, app.now)


def perform(app: App, asked: Act) -> None:
    """Do what was asked for, and keep what it came to."""
    try:
        ended(app, asked, BY_THE_DAEMON[asked.what](app, asked.about, asked.who))
    except ConnectorError as error:
        ended(app, asked, str(error), failed=True)


@contextmanager
def ending(app: App, asked: Act) -> Iterator[None]:
    """Make sure that an act ends: what stops it unforeseen fails it, so that it can be asked for again."""
    is_ended = False
    try:
        yield
        is_ended = True
    finally:
        if not is_ended:
            ended(app, asked, UNFORESEEN, failed=True)


def ended(app: App, asked: Act, outcome: str, *, failed: bool = False) -> None:
    """Write what an act came to."""
    with app.db.write() as tx:
        acts.end(tx, asked.id, "failed" if failed else "done", outcome[:LONGEST], app.now)
