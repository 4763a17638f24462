"""SKUs as the console shows them: found by how they begin or stand, and one from the ERP's rows to what is answered now."""

from __future__ import annotations

import json
import re
from typing import Any

from connector.app import App
from connector.domain.listings import ListingState
from connector.domain.telling import Story
from connector.errors import NotFound
from connector.storage import acts, products
from connector.storage.acts import Act
from connector.storage.views import skus as rows
from connector.usecases import why_sku
from connector.usecases.listings import findings_of

PAGE = 50
LONGEST = 200
STATES = tuple(state.value for state in ListingState)
_BEYOND = re.compile(r"[\0\ud800-\udfff]")


def clean(text: str) -> str:
    """Return what a person typed as a database can be asked for it."""
    return _BEYOND.sub("", text).strip()[:LONGEST]


def beginning(app: App, text: str, after: str) -> list[dict[str, Any]]:
    """List the SKUs that begin so, else those of that EAN, up to a page and one more."""
    wanted, from_there = clean(text), clean(after)
    with app.db.read() as tx:
        found = rows.beginning(tx, wanted, from_there, PAGE + 1)
        return found or rows.of_ean(tx, wanted, from_there, PAGE + 1)


def standing(app: App, account: str, state: str, after: str) -> list[dict[str, Any]]:
    """List the SKUs that stand so with a marketplace, up to a page and one more. Raises NotFound."""
    if app.settings.marketplace(account) is None or state not in STATES:
        raise NotFound("there is no such marketplace, or no such state")
    with app.db.read() as tx:
        return rows.listed(tx, account, state, clean(after), PAGE + 1)


def sku(app: App, name: str, *, files: bool) -> tuple[Story, list[dict[str, str]], list[Act]]:
    """Tell the story of a SKU, what VTEX would say of its content, and what people did; `files` also searches the archive.

    Raises NotFound where nobody ever named it.
    """
    story = why_sku.story(app, clean(name), files=files)
    if story is None:
        raise NotFound("no file that was taken, no marketplace and no refused row names such a SKU")
    with app.db.read() as tx:
        product, done = products.find(tx, story.reference), acts.about(tx, [story.reference])
    return story, findings_of(product), done


def content(story: Story) -> dict[str, Any]:
    """Return what the snapshot has of a SKU's product, without what is empty, lists and specifications as text."""
    rows = story.facts["snapshot"]["products"]
    told = {name: _in_words(name, value) for name, value in rows[0].items()} if rows else {}
    return {name: value for name, value in told.items() if value not in ("", None)}


def _in_words(name: str, value: Any) -> Any:
    if name == "images":
        return ", ".join(" ".join(one) if isinstance(one, list) else str(one) for one in _stored(value))
    if name in ("product_specs", "sku_specs"):
        return ", ".join(f"{what}: {text}" for what, text in dict(_stored(value)).items())
    return f"{value:g}" if isinstance(value, float) else value


def _stored(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
