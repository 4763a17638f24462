"""How much stock is kept back: the settings about safety and about the age of the stock file."""

from __future__ import annotations

from connector.domain.expecting import span
from connector.domain.keeping_back import Buffer, KeptBack, StockTerms
from connector.settings import StockFeedSettings, StockSettings


def stock_terms(stock: StockSettings, feed: StockFeedSettings) -> StockTerms:
    """Return what the settings say about keeping stock back."""
    by_sku = {rule.sku: rule.quantity for rule in stock.safety_rules if rule.sku}
    by_category = tuple((rule.category.casefold(), rule.quantity) for rule in stock.safety_rules if rule.category)
    number = feed.stale_buffer.removesuffix("%") or "0"
    buffer = Buffer(percent=int(number)) if feed.stale_buffer.endswith("%") else Buffer(units=int(number))
    safety = KeptBack(stock.safety, by_sku, by_category)
    return StockTerms(safety, span(feed.stale_after), buffer, span(feed.unavailable_after))
