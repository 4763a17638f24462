"""What a marketplace knows of a SKU: the states of a listing, when to ask again, and when a suggestion is put."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SUGGESTION_LASTS = timedelta(days=30)
"""A suggestion that nobody judges for so long has expired at VTEX (facts §2.3)."""
DENIED_FOR = timedelta(hours=24)
"""A denial may come from a throttled catalogue alone (KI 970208): after so long the same suggestion is put once more."""
SAME_AGAIN_AFTER = timedelta(hours=1)
"""Where VTEX says both that a SKU is catalogued and that it does not know it, the two calls would chase each other."""
LOOKS = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
"""Ages of a suggestion at which its status is asked for; daily from then on."""
DAILY = timedelta(hours=24)


class ListingState(StrEnum):
    """Stored names: chosen once, renamed over two releases."""

    UNKNOWN = "unknown"  # never suggested, or not any more
    WITHHELD = "withheld"  # unknown there, and not suggested: VTEX would refuse it as it is
    SUGGESTED = "suggested"  # waits for the marketplace's yes
    DENIED = "denied"
    ACCEPTED = "accepted"  # said yes, and the catalogue does not know it yet
    KNOWN = "known"  # answers 2xx: price and stock are told


ASKED_ABOUT = (ListingState.SUGGESTED, ListingState.ACCEPTED, ListingState.DENIED)
"""States of a SKU of which a suggestion lies at the marketplace."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What one marketplace knows of one SKU, and what it was told of it. Instants are aware UTC.

    `word` is the status in the marketplace's own word; `denials` counts how often this very suggestion was denied.
    """

    account: str
    sku: str
    state: ListingState
    suggestion_hash: str | None
    suggested_at: datetime | None
    told_at: datetime | None
    look_again_at: datetime | None
    looked_at: datetime | None
    denied_at: datetime | None
    denials: int
    word: str | None
    note: str | None
    remedy: str | None


def next_look(suggested_at: datetime | None, now: datetime) -> datetime:
    """Say when to ask for a suggestion's status next: an hour, six and a day after it was put, then daily."""
    ages = () if suggested_at is None else (suggested_at + age for age in LOOKS)
    return next((at for at in ages if at > now), now + DAILY)


def has_expired(listing: Listing, now: datetime) -> bool:
    return listing.suggested_at is not None and now - listing.suggested_at >= SUGGESTION_LASTS


def is_to_be_put(listing: Listing | None, fingerprint: str, now: datetime) -> bool:
    """Tell whether a suggestion is to be put: not while it waits there unchanged, nor one refused unchanged.

    A denied one is put once more only, after a day.
    """
    if listing is None or listing.state is ListingState.WITHHELD:
        return listing is None or not was_refused(listing, fingerprint)
    is_changed = listing.suggestion_hash != fingerprint or listing.suggested_at is None
    return listing.state is not ListingState.KNOWN and (is_changed or _is_worth_repeating(listing, now))


def was_refused(listing: Listing, fingerprint: str) -> bool:
    """Tell whether VTEX refused this very suggestion for good (facts §2.2: codes 3 to 12 are not tried again)."""
    is_withheld = listing.state is ListingState.WITHHELD and listing.suggested_at is None
    return is_withheld and listing.suggestion_hash == fingerprint


def _is_worth_repeating(listing: Listing, now: datetime) -> bool:
    if listing.state is ListingState.UNKNOWN:
        return listing.suggested_at is None or now - listing.suggested_at >= SAME_AGAIN_AFTER
    return may_be_put_again(listing, now) if listing.state is ListingState.DENIED else has_expired(listing, now)


def may_be_put_again(listing: Listing, now: datetime) -> bool:
    """Tell whether a denied suggestion has its second try before it."""
    return listing.denials <= 1 and listing.denied_at is not None and now - listing.denied_at >= DENIED_FOR
