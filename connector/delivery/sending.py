"""One request sent in its turn, and what its answer means."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event

from connector.app import App
from connector.domain.messages import Blocked, Kind, Outcome
from connector.vtex import calls, replies
from connector.vtex.line import Line
from connector.vtex.replies import Reply

STOPPED = Blocked("stopped before it was sent", until=datetime.min.replace(tzinfo=UTC))
"""Nothing was sent: that costs no attempt, and says nothing of the marketplace."""


def send(app: App, line: Line, kind: Kind, request: calls.Request, stop: Event) -> tuple[Outcome, bool]:
    """Send a request in its turn and say what its answer means, and whether there was one."""
    return meaning(app, kind, line.send(request, stop))


def meaning(app: App, kind: Kind, reply: Reply | None) -> tuple[Outcome, bool]:
    """Say what a reply means, and whether the marketplace gave one; None where the pass was stopped before it was asked."""
    if reply is None:
        return STOPPED, True
    return replies.outcome(kind, reply, app.now), reply.status is not None
