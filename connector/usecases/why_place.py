"""What one marketplace has of a SKU: its listing, what it was told, what waits, and what it is answered now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import tzinfo
from typing import Any

from sqlalchemy import Connection

from connector.app import App
from connector.domain.availability import CartLine
from connector.domain.listings import Listing, ListingState
from connector.domain.money import units
from connector.domain.simulation import Cart, SimulatedLine
from connector.domain.telling import Sentence, clock, listed, one_sentence
from connector.settings import MarketplaceSettings
from connector.storage import counts, sku_story
from connector.usecases import offers

KNOWN_AS = {
    ListingState.UNKNOWN: "does not know it",
    ListingState.WITHHELD: "does not know it, and it is not suggested as it is",
    ListingState.SUGGESTED: "has it as a suggestion that nobody there has judged yet",
    ListingState.DENIED: "denied it",
    ListingState.ACCEPTED: "accepted it, and its catalogue does not have it yet",
    ListingState.KNOWN: "has it in its catalogue",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a simulation of one piece says in a sales channel now; no price: the line is left out."""

    sales_channel: str
    price_cents: int | None
    stock: int


@dataclass(frozen=True, slots=True)
class Place:
    """One marketplace as a SKU meets it. `standing` is as `status` tells it: paused, blocked, why."""

    account: str
    listing: Listing | None
    standing: dict[str, Any]
    waiting: list[dict[str, Any]]
    answers: tuple[Answer, ...]

    @property
    def is_priced(self) -> bool:
        return any(answer.price_cents for answer in self.answers)

    @property
    def unpriced(self) -> list[str]:
        return [answer.sales_channel for answer in self.answers if not answer.price_cents]

    @property
    def stock(self) -> int:
        return max((answer.stock for answer in self.answers), default=0)

    def as_dict(self) -> dict[str, Any]:
        listing = None if self.listing is None else {**asdict(self.listing), "state": self.listing.state.value}
        answers = [asdict(answer) for answer in self.answers]
        return {"listing": listing, **self.standing, "waiting": self.waiting, "answers": answers, "is_told": not self.waiting}


def look(app: App, tx: Connection, m: MarketplaceSettings, sku: str, listing: Listing | None) -> Place:
    """Look at one marketplace; what it is answered is what the simulation itself answers."""
    known = counts.marketplaces_now(tx, app.now).get(m.account, {})
    standing = {name: known.get(name) for name in ("paused", "blocked", "blocked_until", "blocked_reason", "needs_a_person")}
    answers = tuple(_answer(app, m.account, channel, sku) for channel in m.sales_channels)
    return Place(m.account, listing, standing, sku_story.waiting(tx, sku, m.account), answers)


def _answer(app: App, account: str, channel: str, sku: str) -> Answer:
    cart = Cart((CartLine(0, sku, 1, "1"),), None, None, (), None, channel)
    line: SimulatedLine | None = next(iter(offers.simulate(app, cart, account, channel).lines), None)
    return Answer(channel, (line.offer.price_cents or None) if line else None, line.stock if line else 0)


# ── sentences ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def sentences(places: Sequence[Place], zone: tzinfo) -> Iterator[Sentence]:
    """Tell how each marketplace stands to the SKU."""
    if not places:
        yield Sentence("listing", "No marketplace is configured.")
    for place in places:
        yield from _listing(place, zone)
        yield from _standing(place)
        yield from _told(place, zone)
        yield from _answers(place)


def _listing(place: Place, zone: tzinfo) -> Iterator[Sentence]:
    found = place.listing
    if found is None:
        yield Sentence("listing", f"{place.account} was never told of it.")
        return
    yield Sentence("listing", f"{place.account} {KNOWN_AS[found.state]}.")
    if found.suggested_at and found.state is not ListingState.KNOWN:
        yield Sentence("listing", f"It was suggested to {place.account} on {clock(found.suggested_at, zone)}.")
    if found.note:
        for part in found.note.split("; "):
            yield Sentence("listing", f"About it at {place.account}: {one_sentence(part)}.")


def _standing(place: Place) -> Iterator[Sentence]:
    if place.standing["paused"]:
        yield Sentence("marketplace", f"{place.account} is paused by a person, so nothing is told there.")
    if place.standing["blocked"]:
        yield Sentence("marketplace", f"{place.account} takes nothing now: {one_sentence(place.standing['blocked_reason'] or '')}.")


def _told(place: Place, zone: tzinfo) -> Iterator[Sentence]:
    told_at = place.listing.told_at if place.listing else None
    if told_at:
        yield Sentence("told", f"{place.account} was last told of it on {clock(told_at, zone)}.")
    if place.waiting:
        kinds = listed(sorted({one["kind"] for one in place.waiting}), 6)
        since = clock(min(one["put_at"] for one in place.waiting), zone)
        yield Sentence("told", f"What waits to be told to {place.account} since {since}: {kinds}.")
    elif told_at:
        yield Sentence("told", f"{place.account} was told everything that changed, so what it is answered now is what it was told.")


def _answers(place: Place) -> Iterator[Sentence]:
    for answer in place.answers:
        asked = f"Asked by {place.account} in sales channel {answer.sales_channel} now, we answer"
        if answer.price_cents:
            yield Sentence("answer", f"{asked} {units(answer.price_cents)} with {answer.stock} to sell.")
        else:
            yield Sentence("answer", f"{asked} nothing: it is not for sale there.")
