"""Marketplaces that are new in the settings, or back: told everything once, for what changed without them only the others were told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from threading import Event

from sqlalchemy import Connection

from connector.app import App
from connector.settings import MarketplaceSettings
from connector.storage import repeated, resyncing, watermarks
from connector.usecases import upkeep
from connector.usecases.resync import Part, put_part, rate, schedule

TOLD = "accounts-told"
"""Whom the last pass told of changes, in JSON: of each account how far it is told everything (a SKU and an instant), null where it was."""
Told = dict[str, list[str] | None]


def note(app: App) -> None:
    """Remember which marketplaces are told of changes from now on, and which of them have missed some: each pass that tells begins so.

    The first one of an installation finds nobody who has missed anything.
    """
    names = {m.account for m in app.marketplaces}
    with app.db.read() as tx:
        known = watermarks.value(tx, TOLD)
        if known and json.loads(known).keys() == names:
            return
    with app.db.write() as tx:
        said = watermarks.hold(tx, TOLD)
        before: Told = json.loads(said) if said else dict.fromkeys(names)
        owed = ["", app.now.isoformat()] if resyncing.has_any(tx) else None
        watermarks.put(tx, TOLD, json.dumps({name: before.get(name, owed) for name in sorted(names)}))


def tell_everything(app: App, stop: Event) -> Iterator[tuple[str, int]]:
    """Put what `connector resync` puts for each marketplace that is new or back; yields its name, and how many messages are new.

    A part at a time, each with how far it came; what breaks off goes on at the next pass, and what was put is not put twice.
    """
    for m in app.marketplaces:
        if put := sum(part.put for part in _parts(app, m, stop)):
            yield m.account, put


def _parts(app: App, m: MarketplaceSettings, stop: Event) -> Iterator[Part]:
    with app.db.read() as tx:
        is_owed = bool(json.loads(watermarks.value(tx, TOLD) or "{}").get(m.account))
    while is_owed and not stop.is_set():
        part = _put_one(app, m)
        if part is None:
            return
        upkeep.checkpoint(app, over_bytes=upkeep.LARGE_WAL_BYTES, wait_seconds=0)
        yield part


@repeated.when_deadlocked
def _put_one(app: App, m: MarketplaceSettings) -> Part | None:
    with app.db.write() as tx:
        return _put(tx, app, m)


def _put(tx: Connection, app: App, m: MarketplaceSettings) -> Part | None:
    """Put one part's messages, with how far that is; None at the end, also where another node came there."""
    told: Told = json.loads(watermarks.hold(tx, TOLD) or "{}")
    so_far = told.get(m.account)
    if not so_far:
        return None
    after, at = so_far
    times = schedule(max(datetime.fromisoformat(at), app.now), rate(tx, m, app.now))
    part = put_part(tx, m, after, None, times, now=app.now)
    told[m.account] = [part.last, times.at.isoformat()] if part.skus else None
    watermarks.put(tx, TOLD, json.dumps(told))
    return part if part.skus else None
