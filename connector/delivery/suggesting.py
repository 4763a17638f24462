"""Couriers of suggestions: put where the marketplace does not know a SKU, and asked about until it does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from threading import Event

from sqlalchemy import Connection

from connector.app import App
from connector.delivery.courier import Result
from connector.delivery.sending import meaning
from connector.domain.catalog import Offer, Product
from connector.domain.listings import (
    ASKED_ABOUT,
    SAME_AGAIN_AFTER,
    Listing,
    ListingState,
    has_expired,
    is_to_be_put,
    may_be_put_again,
    was_refused,
)
from connector.domain.messages import Delivered, Kind, Message, Outcome, Retry
from connector.settings import MarketplaceSettings
from connector.storage import listing_states, products
from connector.usecases.offers import on_offer
from connector.vtex import calls, linting, replies, statuses, suggestions
from connector.vtex.line import Line
from connector.vtex.linting import Finding
from connector.vtex.replies import Reply

MOST_QUESTIONS = 3
"""So often a status is asked for before its question is let go; the catalogue is asked instead."""
UNSOLD = "it is not for sale here: inactive, or without a price"
SELL_IT = "set it active and give it a price in the ERP"
DENIED = ("the marketplace denied the suggestion", "ask the marketplace why; change the SKU's content in the ERP, and it is suggested anew")
REFUSED_REMEDY = "mend it in the ERP, and it is suggested anew; or connector dead-letters replay"


@dataclass(frozen=True, slots=True)
class SuggestionCouriers:
    """Suggestions of one marketplace, and the questions about them."""

    app: App
    line: Line
    stop: Event

    @property
    def m(self) -> MarketplaceSettings:
        return self.line.marketplace

    # ── a suggestion is put ─────────────────────────────────────────────────────────────────────────────────────────────
    def suggestion(self, message: Message) -> Result:
        """Suggest the SKU as it is now; not one that cannot be sold, that VTEX would refuse, or that waits there unchanged."""
        sku, account = message.reference, self.m.account
        with self.app.db.read() as tx:
            product = products.find(tx, sku)
            offer = self._offer(tx, sku)
            listing = listing_states.find(tx, account, sku)
        if product is None or offer is None:
            record = partial(listing_states.not_for_sale, account=account, sku=sku, note=UNSOLD, remedy=SELL_IT)
            return Result(Delivered(note=f"not suggested: {UNSOLD}"), on_delivered=record, unsold=True)
        findings = linting.examine(product)
        if linting.refusals(findings):
            return self._withheld(sku, listing, linting.refusals(findings))
        return self._put(product, offer, listing, findings)

    def _offer(self, tx: Connection, sku: str) -> Offer | None:
        """Return what the SKU sells at in the first sales channel that sells it."""
        found = (on_offer(self.app, tx, self.m.account, channel, [sku]).get(sku) for channel in self.m.sales_channels)
        return next((offer for offer in found if offer is not None), None)

    def _withheld(self, sku: str, listing: Listing | None, refusals: tuple[Finding, ...]) -> Result:
        """Settle the message: a changed product brings the next one. What was said before is not said again."""
        what, remedy = linting.in_words(refusals)
        record = partial(listing_states.withheld, account=self.m.account, sku=sku, note=what, remedy=remedy)
        was_said = listing is not None and (listing.state, listing.note) == (ListingState.WITHHELD, what)
        sentence = "" if was_said else f"SKU {sku} is not suggested: {what}; {remedy}"
        return Result(Delivered(note="VTEX would refuse it"), on_delivered=record, unlisted=sentence)

    def _put(self, product: Product, offer: Offer, listing: Listing | None, findings: tuple[Finding, ...]) -> Result:
        request = calls.suggestion(self.m, product, offer.price_cents, offer.stock)
        fingerprint = suggestions.suggestion_hash(request.body or {})
        if listing is not None and was_refused(listing, fingerprint):
            return Result(Delivered(note="VTEX refused it unchanged"), says_nothing=True)
        if not is_to_be_put(listing, fingerprint, self.app.now):
            return self._waits(product.sku, listing)
        reply = self.line.send(request, self.stop)
        if reply is not None and self.m.ean_form == "auto" and product.ean and replies.finds_no_identifier(reply):
            reply = self.line.send(calls.suggestion(self.m, product, offer.price_cents, offer.stock, ean_in_list=True), self.stop)
        doubts = linting.in_words(findings)[0]
        return self._answered(product.sku, fingerprint, doubts, reply)

    def _waits(self, sku: str, listing: Listing | None) -> Result:
        """Leave alone what lies there; where VTEX says that it is catalogued, and not known, ask again in a while."""
        result = Result(Delivered(note="waits there unchanged"))
        if listing is None or listing.state is not ListingState.UNKNOWN:
            return result
        record = partial(listing_states.look_at, account=self.m.account, sku=sku, at=self.app.now + SAME_AGAIN_AFTER)
        return replace(result, on_delivered=record)

    def _answered(self, sku: str, fingerprint: str, doubts: str, reply: Reply | None) -> Result:
        outcome, answered = meaning(self.app, Kind.SUGGESTION, reply)
        now, mine = self.app.now, {"account": self.m.account, "sku": sku}

        def delivered(tx: Connection) -> None:
            said = outcome.note if isinstance(outcome, Delivered) else ""
            if not said:
                listing_states.suggested(tx, **mine, fingerprint=fingerprint, note=doubts or None, now=now)
            elif _is_catalogued(outcome):
                listing_states.catalogued(tx, **mine, fingerprint=fingerprint, note=said, now=now)
            else:
                listing_states.settled(tx, **mine, fingerprint=fingerprint, note=said, now=now)

        def buried(tx: Connection, reason: str) -> None:
            refused = None if isinstance(outcome, Retry) else fingerprint
            listing_states.withheld(tx, **mine, note=f"VTEX refused the suggestion: {reason}", remedy=REFUSED_REMEDY, refused=refused)

        doubtful = f"{sku} ({doubts})" if doubts else ""
        return Result(self._of_this_dialect(outcome), on_delivered=delivered, on_buried=buried, answered=answered, doubtful=doubtful)

    def _of_this_dialect(self, outcome: Outcome) -> Outcome:
        """Tell stock and price in one, where the dialect has one call for both."""
        if self.m.protocol == "2017" and isinstance(outcome, Delivered) and _is_catalogued(outcome):
            return replace(outcome, follow_up=(Kind.PRICE,))
        return outcome

    # ── and asked about ─────────────────────────────────────────────────────────────────────────────────────────────────
    def status(self, message: Message) -> Result:
        """Ask what became of a suggestion; where no answer can be had, the catalogue is asked, and nothing else happens."""
        sku, account = message.reference, self.m.account
        with self.app.db.read() as tx:
            listing, product = listing_states.find(tx, account, sku), products.find(tx, sku)
        if listing is None or product is None:
            stop = partial(listing_states.look_at, account=account, sku=sku, at=None)
            return Result(Delivered(note="no longer in the snapshot"), on_delivered=stop)
        if listing.state not in ASKED_ABOUT:
            follow_up = () if listing.state is ListingState.KNOWN else (Kind.CATALOG,)
            stop = partial(listing_states.look_at, account=account, sku=sku, at=None)
            return Result(Delivered(follow_up=follow_up, note="nothing waits there"), on_delivered=stop)
        return self._became(message, listing)

    def _became(self, message: Message, listing: Listing) -> Result:
        reply = self.line.send(calls.suggestion_status(self.m, message.reference), self.stop)
        outcome, answered = meaning(self.app, Kind.STATUS, reply)
        now = self.app.now
        if reply is None or not isinstance(outcome, Delivered):
            return self._unanswered(message, outcome, answered=answered)
        if replies.is_forgotten_suggestion(reply):
            note = "the marketplace has no such suggestion any more"
            return Result(outcome, on_delivered=lambda tx: listing_states.forgotten(tx, listing, note, now))
        if outcome.follow_up:
            return Result(outcome)
        return self._read(listing, statuses.read(reply.text))

    def _unanswered(self, message: Message, outcome: Outcome, *, answered: bool) -> Result:
        if isinstance(outcome, Retry) and message.attempt >= MOST_QUESTIONS:
            return Result(Delivered(follow_up=(Kind.CATALOG,), note=f"its status cannot be asked for ({outcome.reason})"))
        return Result(outcome, answered=answered)

    def _read(self, listing: Listing, said: statuses.SuggestionStatus) -> Result:
        now = self.app.now
        is_news = said.state is ListingState.DENIED and listing.state is not ListingState.DENIED
        note, remedy = _note_of(listing, said)

        def record(tx: Connection) -> None:
            listing_states.looked(tx, listing, (said.state, said.word), (note, remedy), now)

        sentence = f"SKU {listing.sku}: {note}; {remedy}" if is_news else ""
        return Result(Delivered(follow_up=_next_step(listing, said, now)), on_delivered=record, unlisted=sentence)


def _is_catalogued(outcome: Outcome) -> bool:
    return isinstance(outcome, Delivered) and Kind.PRICE in outcome.follow_up


def _note_of(listing: Listing, said: statuses.SuggestionStatus) -> tuple[str | None, str | None]:
    if said.state is not ListingState.DENIED:
        return (listing.note if said.state is ListingState.SUGGESTED else None), None
    note, remedy = DENIED
    return (f"{note}: {said.reason}" if said.reason else note), remedy


def _next_step(listing: Listing, said: statuses.SuggestionStatus, now: datetime) -> tuple[Kind, ...]:
    """Say what follows: an accepted one, and one of which nothing plain is said, is asked of the catalogue."""
    if said.state is ListingState.DENIED:
        return (Kind.SUGGESTION,) if listing.state is ListingState.DENIED and may_be_put_again(listing, now) else ()
    is_plainly_waiting = said.state is ListingState.SUGGESTED and said.is_plain
    return () if is_plainly_waiting and not has_expired(listing, now) else (Kind.CATALOG,)
