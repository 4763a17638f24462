"""Alarms as a message: a subject and lines for people, and the documents that chats take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any

from connector.domain.alarm_telling import News
from connector.domain.alarms import Alarm
from connector.domain.telling import clock
from connector.log import redact

MOST = 30
"""So many alarms of a kind are named in one message; the rest are counted."""


def subject(news: News, project: str) -> str:
    """Say in one line what happened: how many are raised, still on, over."""
    counts = ((len(news.raised), "raised"), (len(news.still_on), "still on"), (len(news.over), "over"))
    said = ", ".join(f"{count} {what}" for count, what in counts if count)
    return f"[connector {project}] alarms: {said}"


def lines(news: News, zone: tzinfo, now: datetime) -> Iterator[str]:
    """Yield the message's lines, without personal data."""
    for title, alarms in (("Raised", news.raised), ("Still on", news.still_on), ("Over", news.over)):
        if alarms:
            yield f"{title}:"
            for alarm in alarms[:MOST]:
                yield from _alarm(alarm, zone, now, is_over=title == "Over")
            if len(alarms) > MOST:
                yield f"- and {len(alarms) - MOST} more: connector alarms"


def _alarm(alarm: Alarm, zone: tzinfo, now: datetime, *, is_over: bool) -> Iterator[str]:
    yield f"- {alarm.name}: {_clean(alarm.sentence)}"
    until = f" to {clock(now, zone)}" if is_over else ""
    yield f"  since {clock(alarm.since, zone)}{until} ({zone}), {alarm.count} in all"
    if not is_over:
        yield f"  -> {_clean(alarm.remedy)}"


def _clean(text: str) -> str:
    return redact("".join(c if c.isprintable() else " " for c in text))


def document(form: str, news: News, project: str, zone: tzinfo, now: datetime) -> dict[str, Any]:
    """Return what a webhook takes: slack, teams (an adaptive card, as Workflows take it), or json (ours, its times ISO 8601)."""
    head, text = subject(news, project), "\n".join(lines(news, zone, now))
    match form:
        case "slack":
            return {"text": f"*{_slack(head)}*\n{_slack(text)}"}
        case "teams":
            return _card(head, text)
        case _:
            return _plain(news, project, head, now)


def _slack(text: str) -> str:
    """Leave no mark-up: a file's name must not call a whole channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _card(head: str, text: str) -> dict[str, Any]:
    blocks = [{"type": "TextBlock", "text": line, "wrap": True, "spacing": "None"} for line in text.splitlines()]
    title = {"type": "TextBlock", "text": head, "weight": "Bolder", "wrap": True}
    card = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4"}
    content = {**card, "body": [title, *blocks]}
    return {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": content}]}


def _plain(news: News, project: str, head: str, now: datetime) -> dict[str, Any]:
    groups = {"raised": news.raised, "still_on": news.still_on, "over": news.over}
    told = {name: [_one(alarm) for alarm in alarms] for name, alarms in groups.items()}
    return {"version": 1, "project": project, "at": now.isoformat(timespec="seconds"), "subject": head, **told}


def _one(alarm: Alarm) -> dict[str, Any]:
    return {
        "alarm": alarm.name,
        "subject": alarm.subject,
        "since": alarm.since.isoformat(timespec="seconds"),
        "count": alarm.count,
        "sentence": _clean(alarm.sentence),
        "remedy": _clean(alarm.remedy),
    }
