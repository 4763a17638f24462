"""Dead letters by cause: those that died of the same, and sending them again together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from connector.app import App
from connector.errors import NotFound
from connector.storage import dead_letters, repeated
from connector.storage.views import letters
from connector.storage.views.letters import Cause

MOST_CAUSES = 500
"""So many wordings are looked at for the list; sending again looks at all."""
MOST_GROUPS = 50
AT_A_TIME = 500
"""Letters a transaction: orders are placed in between."""
_VARYING = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f-]{27}|[A-Z]{3}-[A-Z0-9-]{6,}|\d+")
Key = tuple[str, str, str]
"""Destination, kind, and the reason with its numbers left out."""


@dataclass(frozen=True, slots=True)
class Group:
    """Letters that died of one cause: `first` and `reason` are those of the oldest."""

    destination: str
    kind: str
    reason: str
    count: int
    first: int
    since: datetime
    until: datetime


def key_of(cause: Cause) -> Key:
    return cause.destination, cause.kind, _VARYING.sub("#", cause.reason)


def groups(app: App) -> list[Group]:
    """Return the causes, those with the most letters first."""
    with app.db.read() as tx:
        causes = letters.causes(tx, MOST_CAUSES)
    found: dict[Key, Group] = {}
    for cause in causes:
        key = key_of(cause)
        one = Group(cause.destination, cause.kind, cause.reason, cause.count, cause.first, cause.since, cause.until)
        found[key] = _joined(found[key], one) if key in found else one
    return sorted(found.values(), key=lambda group: (-group.count, group.first))[:MOST_GROUPS]


def _joined(a: Group, b: Group) -> Group:
    first, other = (a, b) if a.first < b.first else (b, a)
    until = max(a.until, b.until)
    return replace(first, count=first.count + other.count, since=min(a.since, b.since), until=until)


def replay(app: App, like: int | None) -> int:
    """Send the letters that died of the same as one of them on their way again, or all; returns how many. Raises NotFound."""
    sent = 0
    for ids in list(_alike(app, like)):
        sent += _replayed(app, ids)
    return sent


@repeated.when_deadlocked
def _replayed(app: App, ids: list[int]) -> int:
    with app.db.write() as tx:
        return dead_letters.replay(tx, ids, app.now)


def _alike(app: App, like: int | None) -> Iterator[list[int]]:
    with app.db.read() as tx:
        causes = letters.causes(tx)
        cause = None if like is None else letters.cause_of(tx, like)
        if like is not None and cause is None:
            raise NotFound(f"there is no dead letter {like}", remedy="it was sent again or laid aside meanwhile")
        wanted = None if cause is None else key_of(cause)
        ids = [number for one in causes if wanted in (None, key_of(one)) for number in letters.of_cause(tx, one)]
    for start in range(0, len(ids), AT_A_TIME):
        yield ids[start : start + AT_A_TIME]
