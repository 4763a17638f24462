"""Dead letters, and marketplaces set to rest: what only a person decides."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from connector.app import App
from connector.errors import NotFound, guessed
from connector.storage import accounts, outbox


def listing(app: App) -> list[dict[str, Any]]:
    """List the messages that were given up, the oldest first."""
    with app.db.read() as tx:
        return [_shown(row) for row in outbox.letters(tx)]


def show(app: App, number: int) -> dict[str, Any]:
    """Tell all of one dead letter. Raises NotFound."""
    with app.db.read() as tx:
        found = outbox.letters(tx, ids=[number])
    if not found:
        raise NotFound(f"there is no dead letter {number}", remedy="connector dead-letters list names them")
    return _shown(found[0])


def replay(app: App, numbers: Collection[int] | None = None) -> int:
    """Send dead letters on their way again, all of them or those named; returns how many. Raises NotFound for one that is not there."""
    with app.db.write() as tx:
        return outbox.replay(tx, _ids(outbox.letters(tx, ids=numbers), numbers), app.now)


def discard(app: App, numbers: Collection[int]) -> int:
    """Lay dead letters aside for good; returns how many. Raises NotFound for one that is not there."""
    with app.db.write() as tx:
        return outbox.discard(tx, _ids(outbox.letters(tx, ids=numbers), numbers), app.now)


def pause(app: App, account: str) -> None:
    """Stop all calls to one marketplace until it is resumed. Raises NotFound for one that is not in the settings."""
    _set(app, account, paused=True)


def resume(app: App, account: str) -> None:
    """Restart the calls to a marketplace, and try one at once if it was blocked."""
    _set(app, account, paused=False)


def _set(app: App, account: str, *, paused: bool) -> None:
    if app.settings.marketplace(account) is None:
        names = [m.account for m in app.marketplaces]
        remedy = guessed(account, names, f"there is {', '.join(names) or 'none'}")
        raise NotFound(f"no marketplace {account} in the settings", remedy=remedy)
    with app.db.write() as tx:
        accounts.pause(tx, account, paused=paused)
        if not paused:
            accounts.unblock(tx, account)


def _ids(found: list[dict[str, Any]], numbers: Collection[int] | None) -> list[int]:
    ids = [row["id"] for row in found]
    missing = sorted(set(numbers or ()) - set(ids))
    if missing:
        raise NotFound(f"there is no dead letter {missing[0]}", remedy="connector dead-letters list names them")
    return ids


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    at = row["settled_at"] or row["put_at"]
    return {
        "id": row["id"],
        "destination": row["destination"],
        "kind": row["kind"],
        "reference": row["reference"],
        "reason": row["reason"],
        "attempts": row["attempt"],
        "given_up_at": at.isoformat(),
    }
