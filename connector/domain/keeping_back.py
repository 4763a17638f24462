"""How much of a SKU's stock is kept back: safety stock by rule, more where the stock file is old, all of it where it is too old."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase


class Freshness(StrEnum):
    """How old what we know of the stock is. Stored names."""

    FRESH = "fresh"
    STALE = "stale"  # older than stale_after: a buffer is kept back
    UNAVAILABLE = "unavailable"  # older than unavailable_after: nothing is offered


@dataclass(frozen=True, slots=True)
class Buffer:
    """Units, or a share in per cent of what is left after the safety stock, rounded up."""

    units: int = 0
    percent: int = 0

    def of(self, quantity: int) -> int:
        return self.units + -(-quantity * self.percent // 100)


@dataclass(frozen=True, slots=True)
class KeptBack:
    """What is kept back now. A SKU's own rule counts before its category's, and that before what holds for all."""

    everywhere: int = 0
    by_sku: Mapping[str, int] = field(default_factory=dict)
    by_category: tuple[tuple[str, int], ...] = ()
    buffer: Buffer = Buffer()
    all_of_it: bool = False

    def offered(self, quantity: int, sku: str, category: str) -> int:
        """Say how many of a free quantity are offered: never more than there are, never below 0."""
        if self.all_of_it:
            return 0
        left = max(quantity - self._safety(sku, category), 0)
        return max(left - self.buffer.of(left), 0)

    def _safety(self, sku: str, category: str) -> int:
        own = self.by_sku.get(sku)
        if own is not None:
            return own
        return next((units for pattern, units in self.by_category if fnmatchcase(category.casefold(), pattern)), self.everywhere)


@dataclass(frozen=True, slots=True)
class StockTerms:
    """The settings about what is kept back: `safety` always, `buffer` from `stale_after` on, everything from `unavailable_after` on."""

    safety: KeptBack = KeptBack()
    stale_after: timedelta | None = None
    buffer: Buffer = Buffer()
    unavailable_after: timedelta | None = None

    @property
    def know_age(self) -> bool:
        """Say whether the stock's age matters at all."""
        return self.stale_after is not None or self.unavailable_after is not None

    def freshness(self, age: timedelta | None) -> Freshness:
        """Judge the age of the stock file applied last; None, where none ever came, is fresh: there is no stock to offer then."""
        if age is None:
            return Freshness.FRESH
        if self.unavailable_after is not None and age > self.unavailable_after:
            return Freshness.UNAVAILABLE
        return Freshness.STALE if self.stale_after is not None and age > self.stale_after else Freshness.FRESH

    def kept_back(self, freshness: Freshness) -> KeptBack:
        match freshness:
            case Freshness.UNAVAILABLE:
                return replace(self.safety, all_of_it=True)
            case Freshness.STALE:
                return replace(self.safety, buffer=self.buffer)
            case _:
                return self.safety


NOTHING = KeptBack()


def fingerprint(now: KeptBack) -> str:
    """Write what is kept back so that a change of it can be seen; "" where nothing is. The same whatever order settings name SKUs in."""
    if now == NOTHING:
        return ""
    buffer = now.buffer.units, now.buffer.percent
    return repr((now.everywhere, sorted(now.by_sku.items()), now.by_category, buffer, now.all_of_it))
