"""Settings of files from and to the ERP: `[erp]` and `[feeds.*]`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from connector.settings.errors import misfit
from connector.settings.values import BufferText, HoursText, Name, OptionalSecret, Section, Share, SpanText, minutes


class ErpSettings(Section):
    source: str = Field("file:inbox", pattern=r"^(file:.|sftp://.)")
    target: str = Field("file:outbox", pattern=r"^(file:.|sftp://.)")
    private_key: OptionalSecret = None
    password: OptionalSecret = None
    known_hosts: str = "config/known_hosts"
    settle_seconds: float = Field(2.0, ge=0, le=86_400)
    done_marker: str = ""
    file_mode: str = Field("0600", pattern=r"^06[046]0$")

    @property
    def mode(self) -> int:
        return int(self.file_mode, 8)

    language: Literal["en", "pt"] = "en"
    errors_on_target: bool = False
    archive_days: int = Field(180, ge=0, le=36_500)
    rejected_days: int = Field(180, ge=0, le=36_500)


class FeedSettings(Section):
    pattern: str = ""
    layout: Name = "default"
    mode: Literal["full", "delta"] = "full"
    max_removed: Share = 0.2
    max_rejected: Share = 0.05
    trailer: str = Field("", pattern=r"^$|\{rows\}")
    out_of: str = ""
    expected_every: SpanText = ""
    expected_between: HoursText = ""
    alarm_below: Share = 0.5


CATALOG = ("products", "prices", "stock", "services", "freight")
DOCUMENTS = ("invoices", "tracking", "cancellations", "acks")
"""The feeds of each job, in the order in which it takes them."""


class StockFeedSettings(FeedSettings):
    max_zeroed: Share = 0.5
    stale_after: SpanText = ""
    stale_buffer: BufferText = ""
    unavailable_after: SpanText = ""

    @model_validator(mode="after")
    def _in_order(self) -> StockFeedSettings:
        if bool(self.stale_after) != bool(self.stale_buffer):
            raise misfit("stale_buffer", self.stale_buffer or "nothing", "stale_after and stale_buffer together, or neither")
        if self.stale_after and self.unavailable_after and minutes(self.unavailable_after) <= minutes(self.stale_after):
            raise misfit("unavailable_after", self.unavailable_after, f"a longer time than stale_after ({self.stale_after})")
        return self


class PricesFeedSettings(FeedSettings):
    max_price_change: Share = 0.8


class FeedsSettings(Section):
    products: FeedSettings = FeedSettings.model_construct()
    prices: PricesFeedSettings = PricesFeedSettings.model_construct()
    stock: StockFeedSettings = StockFeedSettings.model_construct()
    freight: FeedSettings = FeedSettings.model_construct()
    services: FeedSettings = FeedSettings.model_construct()
    invoices: FeedSettings = FeedSettings.model_construct(mode="delta")
    tracking: FeedSettings = FeedSettings.model_construct(mode="delta")
    cancellations: FeedSettings = FeedSettings.model_construct(mode="delta")
    acks: FeedSettings = FeedSettings.model_construct(mode="delta")

    @model_validator(mode="after")
    def _read_out_of_files(self) -> FeedsSettings:
        for feeds in (CATALOG, DOCUMENTS):
            for feed in feeds:
                named = self.of(feed).out_of
                allowed = [other for other in feeds if other not in (feed, "freight") and not self.of(other).out_of]
                if named and (named not in allowed or feed == "freight"):
                    raise misfit(f"{feed}.out_of", named, f"a feed of the same job with files of its own: {', '.join(allowed)}")
        return self

    def sharing(self, feed: str) -> tuple[str, ...]:
        """Return the feed and those that are read out of its files too; () for one that has no files of its own."""
        if self.of(feed).out_of:
            return ()
        feeds = CATALOG if feed in CATALOG else DOCUMENTS
        return (feed, *(other for other in feeds if self.of(other).out_of == feed))

    def of(self, feed: str) -> FeedSettings:
        """Return one feed's settings, its pattern filled in (`<feed>/*`)."""
        found: FeedSettings = getattr(self, feed)
        return found if found.pattern else found.model_copy(update={"pattern": f"{feed}/*"})
