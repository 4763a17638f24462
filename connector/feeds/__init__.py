"""Rows to values. One feed is one declaration: which columns, how read, and what has to hold between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from connector.feeds.acks import ACKS
from connector.feeds.cancellations import CANCELLATIONS
from connector.feeds.feed import Feed
from connector.feeds.freight import FREIGHT
from connector.feeds.header import refuse_unknown_targets
from connector.feeds.invoices import INVOICES
from connector.feeds.prices import PRICES
from connector.feeds.products import PRODUCTS
from connector.feeds.reading import Batch, Reading, open_feed
from connector.feeds.services import SERVICES
from connector.feeds.stock import STOCK
from connector.feeds.tracking import TRACKING
from connector.feeds.units import refuse_wrong_units
from connector.formats.archives import Part, Unpacked, unpacked
from connector.formats.layout import Layout
from connector.formats.record import Rejection

FEEDS = {feed.name: feed for feed in (PRODUCTS, PRICES, STOCK, SERVICES, FREIGHT, INVOICES, TRACKING, CANCELLATIONS, ACKS)}
CATALOG_FEEDS = ("products", "prices", "stock", "services", "freight")
DOCUMENT_FEEDS = ("invoices", "tracking", "cancellations", "acks")

__all__ = ["CATALOG_FEEDS", "DOCUMENT_FEEDS", "FEEDS", "Batch", "Feed", "Reading", "Rejection", "open_reading", "unpacked_reading"]


@contextmanager
def unpacked_reading(
    feed: Feed,
    path: Path,
    layout: Layout,
    *,
    timezone: ZoneInfo,
    trailer: str = "",
    folder: Path | None = None,
    pattern: str = "*",
    beside: Sequence[Feed] = (),
) -> Iterator[Reading]:
    """Open a file or archive as a feed, as `open_reading` does; copies of packed files lie in `folder` until the block ends.

    `pattern` chooses among several files of an archive. Raises Unreachable too, where there is no room for copies.
    """
    with unpacked(path, folder, pattern) as found:
        yield open_reading(feed, path, layout, timezone=timezone, trailer=trailer, found=found, beside=beside)


def open_reading(
    feed: Feed,
    path: Path,
    layout: Layout,
    *,
    timezone: ZoneInfo,
    trailer: str = "",
    found: Unpacked | None = None,
    beside: Sequence[Feed] = (),
) -> Reading:
    """Open a file as a feed; rows come from `batches()`. `found` is what an archive held; the feeds `beside` are read out of it too.

    `timezone` is that of days and times without one. `trailer` is a pattern for the last line, such as "TRL;{rows}".
    Raises FileRefused for a file that cannot be read at all, SettingsError where the layout names a column that no feed has,
    or a unit that its column cannot be counted in.
    """
    refuse_unknown_targets(layout, FEEDS)
    refuse_wrong_units(layout, FEEDS)
    return open_feed(feed, path, found or Unpacked([Part(path)]), layout, timezone=timezone, trailer=trailer, beside=beside)
