"""Money is integer cents."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import floor


def cents(amount: Decimal) -> int:
    """Return an amount in the currency's unit as integer cents, rounded half up."""
    return int((amount * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def units(amount_cents: int) -> str:
    """Write cents as the currency's unit with two decimals: 1990 is "19.90"."""
    sign = "-" if amount_cents < 0 else ""
    whole, part = divmod(abs(amount_cents), 100)
    return f"{sign}{whole}.{part:02d}"


def split(amount_cents: int, weights: Sequence[int | Decimal]) -> list[int]:
    """Split cents over weights so that the parts add up exactly: largest remainder, the first of equals first.

    Weights that are all zero share alike.
    """
    if not weights:
        return []
    shares = [Fraction(w) for w in weights] if any(weights) else [Fraction(1)] * len(weights)
    total = sum(shares)
    exact = [amount_cents * share / total for share in shares]
    parts = [floor(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_remainder[: amount_cents - sum(parts)]:
        parts[i] += 1
    return parts
