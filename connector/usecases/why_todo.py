"""What a SKU's story comes to: one verdict, and the one thing to do first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from connector.domain.keeping_back import Freshness
from connector.domain.listings import ListingState
from connector.domain.telling import NOTHING_TO_DO, one_sentence
from connector.usecases.why_known import Known
from connector.usecases.why_place import Place

Judged = tuple[str, str]
"""A verdict, and what to do about it."""


def judged(known: Known) -> Judged:
    """Return the gravest verdict: what keeps the SKU from sale everywhere first, then what one marketplace lacks, then what waits."""
    on_its_way = (one for place in known.places for one in _on_its_way(place))
    return next(chain(_not_for_sale(known), _in_the_way(known), _stopped(known), on_its_way), ("It is on sale.", NOTHING_TO_DO))


def _not_for_sale(known: Known) -> Iterator[Judged]:
    """Yield what keeps it from sale in every marketplace."""
    product = next(iter(known.rows["products"]), None)
    if product is None:
        yield "It is not on sale: the snapshot has no product of it.", _mend(known, "products")
    elif not product["active"]:
        yield "It is not on sale: the ERP says it is not active.", "Set it active in the ERP, and let it send its products."
    elif not any(place.is_priced for place in known.places) and known.places:
        yield "It is not on sale: no sales channel has a price of it.", _mend(known, "prices")
    elif not any(place.stock for place in known.places) and known.places:
        yield from _sold_out(known)


def _sold_out(known: Known) -> Iterator[Judged]:
    sold = "It is listed, and cannot be bought:"
    if known.freshness is Freshness.UNAVAILABLE:
        yield f"{sold} the stock file is too old to be believed.", "Let the ERP send a stock file."
    elif not known.in_stock:
        yield f"{sold} the ERP has none of it.", _mend(known, "stock")
    elif known.on_hold >= known.in_stock:
        first = known.reserved[0]["order_id"]
        yield f"{sold} open orders hold all there is.", f"Look at the oldest of them: connector why {first}"
    else:
        yield f"{sold} what is left is kept back.", "Look at [stock] safety and [feeds.stock] stale_buffer in the settings."


def _mend(known: Known, feed: str) -> str:
    """Say how a feed's missing value comes: by a yes, by a mended row, by a file."""
    waiting = [one["id"] for one in (*known.held, *known.held_files) if one["feed"] == feed]
    if waiting:
        return f"Decide on what is held: connector held show {waiting[0]}"
    refused = next((one for one in known.refused if one["feed"] == feed), None)
    if refused:
        return f"Let the ERP mend line {refused['line']} of {refused['name']} and send it again: {one_sentence(refused['reason'])}."
    whole = next((one for one in known.refused_files if one["feed"] == feed), None)
    if whole:
        return f"Let the ERP mend {whole['name']} and send it again: connector quarantine show {whole['id']}"
    return f"Let the ERP send a {feed} file with it."


def _in_the_way(known: Known) -> Iterator[Judged]:
    """Yield what one marketplace lacks that only a person can give."""
    for place in known.places:
        yield from _at(place)
    for letter in known.letters:
        verdict = f"{letter['destination']} was not told all of it: a message was given up."
        yield verdict, f"Look at the dead letter: connector dead-letters show {letter['id']}"
    for place in known.places:
        if place.unpriced and place.is_priced:
            verdict = f"It is not for sale in sales channel {', '.join(place.unpriced)} of {place.account}."
            yield verdict, "Give it a price there in the ERP, if it should be."


def _at(place: Place) -> Iterator[Judged]:
    name, state = place.account, place.listing.state if place.listing else None
    note = place.listing.remedy if place.listing else ""
    if place.standing["paused"]:
        yield f"{name} is not told of it: it is paused.", f"Start it again: connector resume {name}"
    if place.standing["blocked"] and place.standing["needs_a_person"]:
        verdict = f"{name} is not told of it: {one_sentence(place.standing['blocked_reason'] or '')}."
        yield verdict, "Mend the credentials, then: connector run notify-marketplaces"
    if state in (ListingState.WITHHELD, ListingState.DENIED):
        verb = "is not suggested to" if state is ListingState.WITHHELD else "was denied by"
        yield f"It {verb} {name}.", f"{note or 'Talk to the marketplace'}.".replace("..", ".")


def _stopped(known: Known) -> Iterator[Judged]:
    """Yield what is on sale with an older value than the ERP's newest."""
    for one in known.held[:1]:
        yield f"It is on sale with an older value: its newest {one['feed']} row is held.", f"Decide: connector held show {one['id']}"
    for one in known.refused[:1]:
        verdict = f"It is on sale with an older value: its newest {one['feed']} row was refused."
        yield verdict, f"Let the ERP mend line {one['line']} of {one['name']} and send it again."


def _on_its_way(place: Place) -> Iterator[Judged]:
    """Yield what comes by itself."""
    name, state = place.account, place.listing.state if place.listing else None
    if place.standing["blocked"]:
        yield f"{name} will be told when it takes calls again.", "Wait: it is tried again by itself; connector status shows when."
    if place.waiting:
        yield f"{name} is about to be told.", "Wait for the next pass, or: connector run notify-marketplaces"
    if state is ListingState.SUGGESTED:
        yield f"{name} has to accept it.", f"Ask the people of {name} to judge the suggestion."
    if state is ListingState.ACCEPTED:
        yield f"{name} has accepted it, and catalogues it.", "Wait: its state is asked for by itself."
    if state in (None, ListingState.UNKNOWN):
        yield f"{name} does not know it yet.", f"Tell it again: connector resync {name} --only content"
