"""Guards: limits that turn the plan of an import into apply, hold (a person decides) or refuse."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Limits:
    """Shares from 0 to 1; None where the feed knows no such guard."""

    max_removed: float
    max_rejected: float
    max_zeroed: float | None = None
    max_price_change: float | None = None


ENDED = {"products": "switched off", "prices": "over already (valid_until)"}
"""How rows that a file names still count no longer, by feed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would change, as a summary: `run`, `--dry-run` and `preview` make the same one.

    `present` counts what the snapshot holds of this feed (freight: of this file), `counting` what of it counts, or does again by the file:
    active products, prices that are not over, stock other than 0, all else. `stocked` counts the SKUs in stock (these two as far as the
    guards need to know), `zeroed` those of them that would have none. `lost` counts the removed rows that counted, `moved` those of them in
    whose place the file names the SKU anew (stock in another warehouse): nothing went. `ended` counts changed rows that count no longer, as
    `ENDED` says. `left_out` counts the held rows that the file leaves out or ends, where a person was not asked about them before.
    `doubled` counts the SKUs whose stock a delta adds to, with a warehouse's name or without, where what is known of it has none or has
    one; `spread` those that it puts into one more named warehouse. `changed_by_field` counts rows by field, `discarded` tells of prices
    that come again though a person said no to them, `samples` holds up to ten rows by action.
    """

    feed: str
    name: str
    mode: Literal["full", "delta"]
    present: int = 0
    rows_read: int = 0
    accepted: int = 0
    refused: int = 0
    held: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    stocked: int = 0
    zeroed: int = 0
    counting: int = 0
    lost: int = 0
    moved: int = 0
    ended: int = 0
    left_out: int = 0
    doubled: int = 0
    spread: int = 0
    changed_by_field: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    discarded: tuple[str, ...] = ()
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def changes(self) -> int:
        return self.added + self.changed + self.removed

    @property
    def gone(self) -> int:
        """Rows that count, and would no longer."""
        return self.lost - self.moved + self.ended + self.left_out


@dataclass(frozen=True, slots=True)
class Reason:
    """Which guard stopped an import, and the sentence for people."""

    guard: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Apply:
    pass


@dataclass(frozen=True, slots=True)
class Hold:
    """The file waits for a person's yes."""

    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Refuse:
    """The file goes to quarantine whole."""

    reasons: tuple[Reason, ...]


Verdict = Apply | Hold | Refuse


def judge(plan: Plan, limits: Limits, waived: Collection[str] = ()) -> Verdict:
    """Decide what becomes of a planned import; `waived` names the guards that a person has overruled."""
    refusals = _broken((_max_rejected(plan, limits),), waived)
    if refusals:
        return Refuse(refusals)
    holds = _broken((_empty(plan), _max_removed(plan, limits), _max_zeroed(plan, limits), _doubled(plan)), waived)
    return Hold(holds) if holds else Apply()


def _broken(found: tuple[Reason | None, ...], waived: Collection[str]) -> tuple[Reason, ...]:
    return tuple(reason for reason in found if reason is not None and reason.guard not in waived)


def _exceeds(part: int, whole: int, share: float) -> bool:
    """Compare exactly: 8 of 10 is not more than 0.8."""
    return part > Decimal(str(share)) * whole


def _share(limit: float) -> str:
    """Write a limit as people say it: 0.05 is 5 %."""
    return f"{100 * limit:g} %"


def _percent(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else str(part)


def _max_rejected(plan: Plan, limits: Limits) -> Reason | None:
    if not _exceeds(plan.refused, plan.rows_read, limits.max_rejected):
        return None
    allowed = f"max_rejected allows {_share(limits.max_rejected)}"
    return Reason("max_rejected", f"{_percent(plan.refused, plan.rows_read)} rows are bad; {allowed}")


def _empty(plan: Plan) -> Reason | None:
    """Hold an empty full export: it never empties a shop."""
    if plan.mode != "full" or plan.accepted or not plan.present:
        return None
    return Reason("empty", f"the full export holds no row that could be accepted, and the snapshot holds {plan.present}")


def _max_removed(plan: Plan, limits: Limits) -> Reason | None:
    if not _exceeds(plan.gone, plan.counting, limits.max_removed):
        return None
    allowed = f"max_removed allows {_share(limits.max_removed)}"
    ended = f" or {ENDED[plan.feed]}" if plan.ended else ""
    rows = "rows that count" if plan.counting < plan.present else "rows"
    return Reason("max_removed", f"{_percent(plan.gone, plan.counting)} {rows} would be removed{ended}; {allowed}")


def _max_zeroed(plan: Plan, limits: Limits) -> Reason | None:
    if limits.max_zeroed is None or not _exceeds(plan.zeroed, plan.stocked, limits.max_zeroed):
        return None
    sentence = f"{_percent(plan.zeroed, plan.stocked)} SKUs in stock would have none left; max_zeroed allows {_share(limits.max_zeroed)}"
    return Reason("max_zeroed", sentence)


def _doubled(plan: Plan) -> Reason | None:
    """Hold a delta that counts the same pieces twice: it removes no row, and a SKU's rows add up."""
    if not plan.doubled:
        return None
    return Reason("doubled", f"the stock of {plan.doubled} SKUs would add up from rows with and without a warehouse")


def price_guard(old_cents: int | None, new_cents: int, max_fall: float) -> Reason | None:
    """Say why a price must wait for a person: it is 0, or falls by more than the share. `old_cents` is None where there was none."""
    if new_cents == 0:
        return Reason("max_price_change", "the price is 0")
    if old_cents is None or not _exceeds(old_cents - new_cents, old_cents, max_fall):
        return None
    fall = 100 * (old_cents - new_cents) / old_cents
    return Reason("max_price_change", f"the price falls by {fall:.1f} %; max_price_change allows {_share(max_fall)}")
