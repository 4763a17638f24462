"""The whole, built from its parts: settings, database, the ERP's folders, the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import ArgumentError

from connector import settings as settings_module
from connector.configured.stock_terms import stock_terms
from connector.configured.ways import WaysMemory
from connector.domain.keeping_back import StockTerms
from connector.erp.opening import open_store
from connector.erp.store import FileStore
from connector.errors import SettingsError
from connector.settings import MarketplaceSettings, Settings
from connector.storage.database import JOB_WAIT_SECONDS, Database
from connector.storage.freight import RateMemory

if TYPE_CHECKING:
    from connector.vtex.line import Line

UNREADABLE = "an address that cannot be read"
ALLOWED = "sqlite:///path or postgresql+psycopg://user@host:port/name; what is no letter or digit of a password as %40, %2F, …"


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class App:
    """What use cases and jobs are given. `clock` returns aware UTC."""

    settings: Settings
    db: Database
    clock: Callable[[], datetime] = field(default=utc_now)

    @property
    def now(self) -> datetime:
        return self.clock()

    @cached_property
    def root(self) -> Path:
        return self.settings.root

    @property
    def marketplaces(self) -> tuple[MarketplaceSettings, ...]:
        return self.settings.marketplaces

    @cached_property
    def source(self) -> FileStore:
        return open_store(self.settings, self.settings.erp.source)

    def beside(self) -> App:
        """Return the same whole for a thread of its own: one database, and files of each, since a store makes one call at a time."""
        return replace(self)

    def taking_from(self, store: FileStore) -> App:
        """Return the same whole with another source: for files that lie in a folder of ours and are taken again."""
        other = self.beside()
        other.__dict__["source"] = store
        return other

    @cached_property
    def target(self) -> FileStore:
        return open_store(self.settings, self.settings.erp.target)

    @cached_property
    def rates(self) -> RateMemory:
        return RateMemory(self.settings.shipping)

    @cached_property
    def ways(self) -> WaysMemory:
        return WaysMemory(self.settings.shipping, self.settings.schedule.timezone)

    @cached_property
    def stock_terms(self) -> StockTerms:
        return stock_terms(self.settings.stock, self.settings.feeds.stock)

    @cached_property
    def _lines(self) -> dict[str, Line]:
        return {}

    def line(self, marketplace: MarketplaceSettings) -> Line:
        """Return this whole's one line to a marketplace; that all lines together keep its rate is the affair of turns (delivery.sender)."""
        from connector.vtex.line import Line

        if marketplace.account not in self._lines:
            self._lines.setdefault(marketplace.account, Line(self.settings, marketplace, self.clock))
        return self._lines[marketplace.account]


def build(
    settings: Settings, *, wait_seconds: int = JOB_WAIT_SECONDS, idle_seconds: int | None = None, clock: Callable[[], datetime] = utc_now
) -> App:
    """Put the parts together; opens nothing yet. `idle_seconds` in a transaction end it (PostgreSQL); None: as long as a lease."""
    idle_seconds = settings.database.lease_seconds if idle_seconds is None else idle_seconds
    return App(settings, _database(settings, wait_seconds, idle_seconds), clock)


def load(path: Path, *, wait_seconds: int = JOB_WAIT_SECONDS, idle_seconds: int | None = None) -> App:
    return build(settings_module.load(path), wait_seconds=wait_seconds, idle_seconds=idle_seconds)


def _database(settings: Settings, wait_seconds: int, idle_seconds: int) -> Database:
    try:
        return Database(_absolute(settings), wait_seconds=wait_seconds, idle_seconds=idle_seconds)
    except (ValueError, ArgumentError):  # both may repeat a password
        raise SettingsError(str(settings.config_path), "database.url", found=UNREADABLE, allowed=ALLOWED) from None


def _absolute(settings: Settings) -> str:
    """SQLite's relative file lies in the project directory."""
    kind, separator, place = settings.database.url.partition("sqlite:///")
    return f"{separator}{settings.path(place)}" if separator else kind
