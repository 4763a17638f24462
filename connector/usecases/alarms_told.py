"""Which alarms are on, and who was told of them when; for people."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from connector.app import App
from connector.domain.alarm_telling import key_of
from connector.storage import alarm_notices as notices
from connector.usecases import alarms

CHANNELS = ("webhook", "email")


def listing(app: App) -> dict[str, Any]:
    """Tell which alarms are on, which each channel was told when, and which channel takes nothing."""
    with app.db.read() as tx:
        on = alarms.current(tx, app)
        told = {name: notices.told(tx, name) for name in CHANNELS}
        troubles = {name: notices.trouble(tx, name) for name in CHANNELS}
    settings = app.settings.alarms
    is_set = {"webhook": settings.webhook is not None, "email": bool(settings.email_to)}
    when = {key_of(a): {name: told[name][key_of(a)].told_at for name in CHANNELS if key_of(a) in told[name]} for a in on}
    return {
        "alarms": [{**asdict(alarm), "told": when[key_of(alarm)]} for alarm in on],
        "channels": {name: {"set": is_set[name], "trouble": asdict(t) if (t := troubles[name]) else None} for name in CHANNELS},
    }
