"""How long an order holds stock, and what an order is called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from connector.domain.orders import OrderItem

DURATION = re.compile(r"^([0-9]{1,4})(bd|d|h|m)$")
SATURDAY = 5
PLACED_FOR = timedelta(days=30)
"""An order that is not authorized by then never will be: VTEX cancels it (facts 4.4)."""
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U to misread or to spell words with
ID_BITS = 40


@dataclass(frozen=True, slots=True)
class Reservation:
    sku: str
    quantity: int
    until: datetime


def reservations(items: Sequence[OrderItem], now: datetime, default: str) -> list[Reservation]:
    """Return what an order holds per SKU: quantities summed, as long as the longest of its lines says.

    `now` is in the local time zone, whose weekdays count. `default` is a duration for lines that name none, or none that can be read.
    """
    held: dict[str, Reservation] = {}
    for item in items:
        until = _end(now, item.lock_ttl, default)
        so_far = held.get(item.sku, Reservation(item.sku, 0, until))
        held[item.sku] = Reservation(item.sku, so_far.quantity + item.quantity, max(so_far.until, until))
    return [held[sku] for sku in sorted(held)]


def _end(now: datetime, lock_ttl: str, default: str) -> datetime:
    named = DURATION.match(lock_ttl.lower())
    return after(now, lock_ttl.lower() if named and int(named[1]) else default)


def after(now: datetime, duration: str) -> datetime:
    """Return the instant a duration ends: "8d" days, "7bd" business days (Monday to Friday), "12h" hours, "30m" minutes."""
    match = DURATION.match(duration)
    if match is None:
        raise ValueError(f"{duration!r} is no duration such as 8d, 7bd, 12h or 30m")
    number, unit = int(match[1]), match[2]
    if unit == "bd":
        return _business_days(now, number)
    return now + timedelta(**{{"d": "days", "h": "hours", "m": "minutes"}[unit]: number})


def _business_days(now: datetime, number: int) -> datetime:
    end = now
    while number > 0:
        end += timedelta(days=1)
        number -= end.weekday() < SATURDAY
    return end


def order_id(on: date, entropy: int) -> str:
    """Name an order: its day and 40 random bits, as in 261124-7K3M9QXB.

    15 characters, the most that NF-e allows in det/prod/xPed. The random part keeps one id from telling the next.
    """
    letters = "".join(_LETTERS[entropy >> shift & 31] for shift in range(ID_BITS - 5, -5, -5))
    return f"{on:%y%m%d}-{letters}"
