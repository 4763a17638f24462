"""The console's pages: what each shows, asked of a use case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from connector.errors import NotFound
from connector.usecases import letter_groups, why
from connector.usecases.views import flow, ledger, orders, skus, work
from connector.web.ops.asking import Ask, Page
from connector.web.ops.curves import bars
from connector.web.ops.leading import lead


def overview(ask: Ask) -> Page:
    found = flow.flow(ask.app)
    return Page("overview.html", {"flow": found, "plots": {name: bars(values) for name, values in found.curves.items()}})


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def files(ask: Ask) -> Page:
    feed, state = ask.text("feed"), ask.text("state")
    page = ledger.ledger(ask.app, feed, state, ask.number("before"))
    return Page("files.html", {"page": page, "feed": feed, "state": state, "states": ledger.STATES, "feeds": tuple(ledger.FEEDS)})


def file(ask: Ask) -> Page:
    return Page("file.html", ledger.file(ask.app, _number(ask), ask.number("after") or 0))


def held(ask: Ask) -> Page:
    page, decided = ledger.held(ask.app, ask.number("after") or 0)
    return Page("held.html", {"page": page, "decided": decided})


def hold(ask: Ask) -> Page:
    return Page("hold.html", {"hold": ledger.hold(ask.app, _number(ask))})


def refused(ask: Ask) -> Page:
    whole, page = ledger.refused(ask.app, ask.number("after") or 0)
    return Page("refused.html", {"whole": whole, "page": page, "document_feeds": ledger.DOCUMENT_FEEDS})


def _number(ask: Ask) -> int:
    number = ask.number("id")
    if number is None:
        raise NotFound("there is nothing of that number")
    return number


# ── SKUs and orders ─────────────────────────────────────────────────────────────────────────────────────────────────────
def find(ask: Ask) -> Page:
    """Find whatever a person has in hand: one thing found is shown at once."""
    text = skus.clean(ask.text("q"))
    found, named = (orders.search(ask.app, text), skus.beginning(ask.app, text, "")) if text else ([], [])
    exact = [row["sku"] for row in named if row["sku"] == text] or [row["sku"] for row in named if len(named) == 1]
    return Page("find.html", {"q": text, "orders": found, "skus": named[: skus.PAGE], "exact": exact})


def sku_list(ask: Ask) -> Page:
    q, account, state, after = (ask.text(name) for name in ("q", "account", "state", "after"))
    accounts = [m.account for m in ask.app.marketplaces]
    by_state = account in accounts and state in skus.STATES
    found = skus.standing(ask.app, account, state, after) if by_state else skus.beginning(ask.app, q, after)
    more = found[skus.PAGE - 1]["sku"] if len(found) > skus.PAGE else None
    facts = {"q": q, "account": account, "state": state, "states": skus.STATES, "accounts": accounts, "by_state": by_state}
    return Page("skus.html", {**facts, "rows": found[: skus.PAGE], "next": more})


def sku(ask: Ask) -> Page:
    files_too = bool(ask.text("files"))
    story, findings, done = skus.sku(ask.app, ask.text("sku"), files=files_too)
    told = why.described(story, ask.speech.language)
    facts = {"content": skus.content(story), "findings": findings, "acts": done, "files_too": files_too, "to": lead(story.todo)}
    return Page("sku.html", {"story": story, "told": told, **facts})


def order_list(ask: Ask) -> Page:
    q, state = ask.text("q"), ask.text("state")
    if q:
        found, cursor = orders.search(ask.app, q), None
    else:
        found, cursor = orders.page(ask.app, state, _cursor(ask.text("before")))
    return Page("orders.html", {"q": q, "state": state, "states": orders.STATES, "rows": found, "next": cursor})


def _cursor(text: str) -> tuple[datetime, str] | None:
    at, _, order_id = text.partition("~")
    try:
        read = datetime.fromisoformat(at)
        instant = read.astimezone(UTC) if read.tzinfo is not None else None
    except (ValueError, OverflowError):  # the second where the calendar ends
        return None
    return (instant, order_id) if instant is not None and "\0" not in order_id else None


def order(ask: Ask) -> Page:
    facts = orders.order(ask.app, ask.text("id"), ask.visitor.who, ask.number("act"))
    told = why.described(facts["story"], ask.speech.language)
    return Page("order.html", {**facts, "told": told, "to": lead(facts["story"].todo)})


# ── the work ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def letters(ask: Ask) -> Page:
    rows, following = work.dead_letters(ask.app, ask.number("after") or 0)
    return Page("letters.html", {"groups": letter_groups.groups(ask.app), "rows": rows, "next": following})


def jobs(ask: Ask) -> Page:
    found, daemon = work.jobs(ask.app)
    return Page("jobs.html", {"jobs": found, "daemon": daemon, "plots": {job.switch.job: bars(job.seconds) for job in found}})


def marketplaces(ask: Ask) -> Page:
    return Page("marketplaces.html", {"places": work.marketplaces(ask.app)})


def acts(ask: Ask) -> Page:
    done, following = work.done(ask.app, ask.number("before"))
    return Page("acts.html", {"acts": done, "next": following})


PAGES: Mapping[str, Callable[[Ask], Page]] = {
    "": overview,
    "find": find,
    "files": files,
    "file": file,
    "held": held,
    "hold": hold,
    "refused": refused,
    "skus": sku_list,
    "sku": sku,
    "orders": order_list,
    "order": order,
    "letters": letters,
    "jobs": jobs,
    "marketplaces": marketplaces,
    "acts": acts,
}
NAVIGATION = ("", "orders", "skus", "files", "held", "refused", "letters", "jobs", "marketplaces", "acts")
PARENTS = {"file": "files", "hold": "held", "sku": "skus", "order": "orders"}


def leads_to(page: Page) -> str | None:
    """Return the address that a search leads to which found one thing."""
    if page.template != "find.html":
        return None
    found, exact = page.facts["orders"], page.facts["exact"]
    only_order = found[0]["order_id"] if len(found) == 1 and not page.facts["skus"] else None
    if only_order:
        return f"order?{urlencode({'id': only_order})}"
    return f"sku?{urlencode({'sku': exact[0]})}" if exact and not found else None
