"""All that is known of one SKU: what its story is told from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from connector.app import App
from connector.domain.keeping_back import Freshness
from connector.storage import listing_states, sku_story
from connector.usecases import stock_terms, why_place
from connector.usecases.why_lines import LastLine, last_line
from connector.usecases.why_place import Place

FEEDS = ("products", "prices", "stock")


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of a SKU. `rows` is the snapshot's by feed, `places` one for each marketplace."""

    sku: str
    rows: dict[str, list[dict[str, Any]]]
    lines: dict[str, LastLine | None]
    reserved: list[dict[str, Any]]
    held: list[dict[str, Any]]
    held_files: list[dict[str, Any]]
    refused: list[dict[str, Any]]
    refused_files: list[dict[str, Any]]
    letters: list[dict[str, Any]]
    places: tuple[Place, ...]
    freshness: Freshness
    zone: ZoneInfo
    now: datetime

    @property
    def in_stock(self) -> int:
        return sum(int(row["quantity"]) for row in self.rows["stock"])

    @property
    def on_hold(self) -> int:
        return sum(int(row["quantity"]) for row in self.reserved)

    @property
    def is_known(self) -> bool:
        places = any(place.listing for place in self.places)
        return places or any(self.rows.values()) or bool(self.held or self.refused) or any(self.lines.values())


def known(app: App, sku: str, *, files: bool) -> Known:
    """Gather it, in one reading of the database. Without `files` the archive is not searched: that can take a second."""
    lines = {feed: last_line(app, feed, sku) if files else None for feed in FEEDS}
    with app.db.read() as tx:
        rows = sku_story.snapshot(tx, sku)
        return Known(
            sku=sku,
            rows=rows,
            lines=lines,
            reserved=sku_story.reserved(tx, sku, app.now),
            held=sku_story.held(tx, sku),
            held_files=sku_story.held_files(tx),
            refused=sku_story.refused(tx, sku),
            refused_files=sku_story.refused_files(tx),
            letters=sku_story.letters(tx, sku, [m.account for m in app.marketplaces]),
            places=_places(app, tx, sku),
            freshness=stock_terms.freshness(tx, app),
            zone=ZoneInfo(app.settings.schedule.timezone),
            now=app.now,
        )


def _places(app: App, tx: Connection, sku: str) -> tuple[Place, ...]:
    return tuple(why_place.look(app, tx, m, sku, listing_states.find(tx, m.account, sku)) for m in app.marketplaces)
