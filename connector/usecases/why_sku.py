"""The story of one SKU: from the ERP's last line about it to what each marketplace answers its buyers now."""

from __future__ import annotations

from typing import Any

from connector.app import App
from connector.domain.keeping_back import Freshness
from connector.domain.money import units
from connector.domain.telling import Sentence, Story, clock, listed, one_sentence
from connector.usecases import why_known, why_place, why_todo
from connector.usecases.why_known import FEEDS, Known


def story(app: App, sku: str, *, files: bool = True) -> Story | None:
    """Tell all of one SKU; None where nobody ever named it. Without `files` the archive is not searched: that can take a second."""
    known = why_known.known(app, sku, files=files)
    if not known.is_known:
        return None
    came = _files(known) if files else []
    sentences = (*came, *_stopped(known), *_prices(known), *_stock(known), *why_place.sentences(known.places, known.zone))
    verdict, todo = why_todo.judged(known)
    return Story("sku", sku, verdict, sentences, todo, _facts(known))


# ── what the ERP said ───────────────────────────────────────────────────────────────────────────────────────────────────
def _files(known: Known) -> list[Sentence]:
    """Tell of each feed where it came from; of one whose only line of late was stopped, that is told below."""
    stopped = {one["feed"] for one in (*known.held, *known.held_files, *known.refused, *known.refused_files)}
    return [Sentence("file", _came(known, feed)) for feed in FEEDS if known.lines[feed] or feed not in stopped]


def _came(known: Known, feed: str) -> str:
    line, is_there = known.lines[feed], bool(known.rows[feed])
    if line is None:
        return (
            f"The {feed} of it are known, and no file that names it lies in the archive any more."
            if is_there
            else f"No {feed} file of late names it."
        )
    good = "good " if any(one["feed"] == feed for one in known.refused) else ""
    told = f"The last {good}{feed} line about it is line {line.line} of {line.place}, taken on {clock(line.taken_at, known.zone)}"
    return f"{told}." if is_there else f"{told}, and it is not in the snapshot any more."


def _stopped(known: Known) -> list[Sentence]:
    """Tell what of it was held or refused."""
    return [
        *[Sentence("held", f"A {one['feed']} row of it in {one['name']} is held: {_reason(one)}.") for one in known.held],
        *[Sentence("held", f"The whole file {one['name']} is held: {_reason(one)}.") for one in known.held_files],
        *[Sentence("refused", _refusal(one)) for one in known.refused],
        *[Sentence("refused", f"The whole file {one['name']} was refused{_why(one)}.") for one in known.refused_files],
    ]


def _reason(hold: dict[str, Any]) -> str:
    return one_sentence(" and ".join(reason["sentence"] for reason in hold["reasons"]))


def _why(file: dict[str, Any]) -> str:
    reasons = (file["plan"] or {}).get("reasons")
    return f": {one_sentence(' and '.join(reasons))}" if reasons else ""


def _refusal(row: dict[str, Any]) -> str:
    column = f"{row['column']} {row['value']!r}" if row["column"] else "the row"
    return f"Line {row['line']} of {row['name']} was refused: {column}: {one_sentence(row['reason'])}."


def _prices(known: Known) -> list[Sentence]:
    if not known.rows["prices"]:
        return [Sentence("price", "It has no price in the snapshot.")]
    return [Sentence("price", _price(row, known)) for row in known.rows["prices"]]


def _price(row: dict[str, Any], known: Known) -> str:
    where = f"in {row['marketplace']}" if row["marketplace"] else "in every marketplace"
    channel = f", sales channel {row['sales_channel']}" if row["sales_channel"] else ""
    until = row["valid_until"]
    if until is not None and until <= known.now:
        return f"Its price of {units(row['price_cents'])} {where}{channel} was valid until {clock(until, known.zone)} and is over."
    valid = f", valid until {clock(until, known.zone)}" if until else ""
    return f"Its price {where}{channel} is {units(row['price_cents'])}{valid}."


def _stock(known: Known) -> list[Sentence]:
    told = [Sentence("stock", f"The ERP says {known.in_stock} in stock." if known.rows["stock"] else "The ERP tells no stock of it.")]
    if known.reserved:
        names = listed([one["order_id"] for one in known.reserved])
        told.append(Sentence("stock", f"Open orders hold {known.on_hold} of them: {names}."))
    kept = max(known.in_stock - known.on_hold, 0) - max((place.stock for place in known.places), default=0)
    if known.freshness is Freshness.UNAVAILABLE:
        told.append(Sentence("stock", "The last stock file is older than unavailable_after, so nothing is offered."))
    elif kept > 0 and any(place.is_priced for place in known.places):
        told.append(Sentence("stock", f"{kept} more are kept back by [stock] safety or stale_buffer."))
    return told


def _facts(known: Known) -> dict[str, Any]:
    return {
        "snapshot": known.rows,
        "last_lines": {feed: line.as_dict() if line else None for feed, line in known.lines.items()},
        "reserved": known.reserved,
        "held": known.held,
        "refused": known.refused,
        "dead_letters": known.letters,
        "marketplaces": {place.account: place.as_dict() for place in known.places},
    }
