"""Prices for marketplaces and sales channels that nobody has: taken, since one may come, and told, since until then another price sells."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from itertools import chain

from sqlalchemy import Connection

from connector.app import App
from connector.storage import plans
from connector.storage.database import reading
from connector.storage.staging import Stage

NAMED = 5
"""Names that a note tells; the others are counted."""
LONGEST = 40


def notes(app: App, connection: Connection, stage: Stage) -> tuple[str, ...]:
    """Tell whose prices among the staged rows nobody is asked, with the account or channel that is meant where that is plain."""
    if stage.feed != "prices":
        return ()
    asked = asked_of(app)
    with reading(connection):
        accounts = plans.by_marketplace(connection, stage, asked)
        channels = plans.by_channel(connection, stage, {**asked, "": set(chain(*asked.values()))})
    told = (
        _told("marketplaces that no account has", [_account(*one, asked) for one in accounts[:NAMED]], [one[-1] for one in accounts]),
        _told(
            "sales channels that sales_channels does not name",
            [_channel(*one, asked) for one in channels[:NAMED]],
            [one[-1] for one in channels],
        ),
    )
    return tuple(note for note in told if note)


def asked_of(app: App) -> dict[str, Collection[str]]:
    """Return the sales channels of each account."""
    return {one.account: one.sales_channels for one in app.marketplaces}


def _told(whose: str, named: list[str], rows: list[int]) -> str:
    more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return f"{sum(rows)} prices are for {whose}: {', '.join(named)}{more}" if rows else ""


def _account(name: str, rows: int, accounts: Collection[str]) -> str:
    meant = next((account for account in accounts if account.casefold() == name.casefold()), None)
    return _named(name, rows, meant)


def _channel(account: str, channel: str, rows: int, asked: Mapping[str, Collection[str]]) -> str:
    mine = asked[account] if account else chain(*asked.values())
    meant = next((one for one in mine if _plain(one) == _plain(channel)), None)
    return _named(channel, rows, meant, f" of {account}" if account else "")


def _plain(channel: str) -> str:
    """Return a channel without what a spreadsheet makes of its number: zeros before it, or behind a decimal mark."""
    number = re.fullmatch(r"0*(\d+)(?:[.,]0+)?", channel)
    return number[1] if number else channel.casefold()


def _named(name: str, rows: int, meant: str | None, whose: str = "") -> str:
    return f"{name[:LONGEST]}{whose} ({rows}{f', is {meant} meant?' if meant else ''})"
