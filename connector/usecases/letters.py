"""Dead letters, and marketplaces set to rest: what only a person decides."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection

from connector.app import App
from connector.domain.documents import DocumentKind
from connector.domain.messages import Kind
from connector.errors import Conflict, NotFound, guessed
from connector.storage import accounts, dead_letters, documents, order_story, repeated
from connector.usecases import letter_groups, returning


def listing(app: App) -> list[dict[str, Any]]:
    """List the messages that were given up, the oldest first."""
    with app.db.read() as tx:
        return [_shown(row) for row in dead_letters.letters(tx)]


def show(app: App, number: int) -> dict[str, Any]:
    """Tell all of one dead letter. Raises NotFound."""
    with app.db.read() as tx:
        found = dead_letters.letters(tx, ids=[number])
    if not found:
        raise NotFound(f"there is no dead letter {number}", remedy="connector dead-letters list names them")
    return _shown(found[0])


def replay(app: App, numbers: Collection[int] | None = None) -> int:
    """Send dead letters on their way again, all of them or those named; returns how many. Raises NotFound for one that is not there."""
    return letter_groups.replay(app, None) if numbers is None else _replayed(app, numbers)


@repeated.when_deadlocked
def _replayed(app: App, numbers: Collection[int]) -> int:
    with app.db.write() as tx:
        return dead_letters.replay(tx, _ids(dead_letters.letters(tx, ids=numbers), numbers), app.now)


@repeated.when_deadlocked
def discard(app: App, numbers: Collection[int]) -> int:
    """Lay dead letters aside for good, and documents of orders that wait though they were tried; returns how many.

    A cancellation that waited for such a sale alone is carried out.
    Raises NotFound for one that is neither; Conflict for one that is being sent.
    """
    with app.db.write() as tx:
        waited = {number for number in numbers if _given_up(tx, app, number)}
        named = [number for number in numbers if number not in waited]
        dead = dead_letters.letters(tx, ids=named)
        count = len(waited) + dead_letters.discard(tx, _ids(dead, named), app.now)
        for letter in (one for one in dead if one["kind"] == Kind.INVOICE):
            _follow(tx, app, documents.referred(letter["reference"])[0])
        return count


def _given_up(tx: Connection, app: App, number: int) -> bool:
    """Give up a document whose message waits though it was tried.

    Whether the marketplace has it nobody knows, and VTEX keeps what came first under a number (facts 7.2): a correction in its place
    could be told and never count, and one of another number be a second invoice. So a person looks there, and says that it has none.
    """
    message = dead_letters.lay_aside(tx, number, [Kind(kind.value) for kind in DocumentKind], app.now)
    if message is None:
        if dead_letters.is_in_hand(tx, number):
            raise Conflict(f"message {number} is being sent just now", remedy="try it again in a minute")
        return False
    order_id, invoice = documents.referred(message.reference)
    reason = f"laid aside by a person: {message.reason or 'it waited'}"
    documents.give_up(tx, order_id, invoice, Kind(message.kind), reason)
    order_story.given_up(tx, order_id, Kind(message.kind), invoice, reason, now=app.now)
    _follow(tx, app, order_id)
    return True


def _follow(tx: Connection, app: App, order_id: str) -> None:
    """Let go what waited for a document; of an order that is not there nothing did."""
    if documents.of_order(tx, order_id):
        returning.follow(tx, app, order_id, app.now)


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
