"""Telling people of alarms: what is due goes out as one message to each channel, and is noted when the channel has taken it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connector.app import App
from connector.delivery.alarm_channels import Channel, channels
from connector.domain.alarm_telling import LONGEST_WAIT, News, Notice, Terms, key_of, news, quiet_hours, turned, wait_after
from connector.domain.alarms import Alarm
from connector.domain.expecting import span
from connector.errors import UsageError
from connector.storage import alarm_notices as notices
from connector.storage import alarms as store
from connector.usecases.report import Report


def tell(app: App, report: Report) -> None:
    """Tell every channel what is due; one that fails is tried again later and keeps nobody waiting."""
    for channel in channels(app):
        with app.db.read() as tx:
            on, told, trouble = tuple(store.raised(tx).values()), notices.told(tx, channel.name), notices.trouble(tx, channel.name)
        _note_turns(app, channel, on, told)
        due = _due(app, on, told)
        if due and (trouble is None or _is_over(trouble, app.now)):
            _tell(app, channel, due, trouble.failures if trouble else 0, report)


def _is_over(trouble: notices.Trouble, now: datetime) -> bool:
    """Tell whether the wait is over; one longer than any was reckoned by a clock that was ahead."""
    return trouble.due_at <= now or trouble.due_at > now + LONGEST_WAIT


def _note_turns(app: App, channel: Channel, on: tuple[Alarm, ...], told: dict[tuple[str, str], Notice]) -> None:
    off, again = turned(on, told)
    if off or again:
        with app.db.write() as tx:
            notices.turn(tx, channel.name, off, app.now)
            notices.turn(tx, channel.name, again, None)


def _due(app: App, on: tuple[Alarm, ...], told: dict[tuple[str, str], Notice]) -> News:
    terms, zone = terms_of(app), ZoneInfo(app.settings.schedule.timezone)
    return news(on, told, terms, app.now, quiet=terms.is_quiet(app.now, zone))


def _tell(app: App, channel: Channel, due: News, failures: int, report: Report) -> None:
    reason = channel.send(due, app.now)
    with app.db.write() as tx:
        if reason:
            waits = notices.Trouble(failures + 1, reason, app.now + wait_after(failures + 1))
            notices.note(tx, channel.name, waits)
        else:
            notices.note(tx, channel.name, None)
            notices.tell(tx, channel.name, due.told, app.now)
            notices.forget(tx, channel.name, [key_of(alarm) for alarm in due.over])
    if reason:
        report.failed(f"alarms could not be told by {channel.name}: {reason}; they wait", alarms_untold=len(due.told))
    else:
        report.did(f"told by {channel.name}: {_in_words(due)}", alarms_told=len(due.told) + len(due.over))


def _in_words(due: News) -> str:
    groups = (("raised", due.raised), ("still on", due.still_on), ("over", due.over))
    return "; ".join(f"{what}: {', '.join(f'{a.name} ({a.subject})' for a in alarms)}" for what, alarms in groups if alarms)


def terms_of(app: App) -> Terms:
    """Return when to tell, as the settings say."""
    alarms = app.settings.alarms
    return Terms(span(alarms.lasting) or timedelta(0), span(alarms.repeat_after), quiet_hours(alarms.quiet_hours), frozenset(alarms.urgent))


def preview(app: App, report: Report) -> None:
    """Say what would be told; nothing is sent."""
    for channel in channels(app):
        with app.db.read() as tx:
            due = _due(app, tuple(store.raised(tx).values()), notices.told(tx, channel.name))
        if due:
            report.did(f"would tell by {channel.name}: {_in_words(due)}")


def test(app: App) -> list[dict[str, str]]:
    """Send one message by each channel that says it is a test; returns what came of it. Raises UsageError where there is no channel."""
    found = channels(app)
    if not found:
        raise UsageError("no channel is set up: nobody is told of alarms", remedy="set webhook, or email_to with smtp_host, in [alarms]")
    sentence = "this is a test: whoever reads it will be told of alarms"
    trial = News(raised=(Alarm("test", "alarms", app.now, 1, sentence, "nothing is to be done"),))
    return [{"channel": channel.name, "failure": channel.send(trial, app.now)} for channel in found]
