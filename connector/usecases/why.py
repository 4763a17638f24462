"""Why is it so? The story of a SKU or an order in sentences, which ends with the one thing to do. Reads only."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from connector.app import App
from connector.domain.orders import Order
from connector.domain.telling import Story
from connector.errors import NotFound
from connector.formats.translating import phrases
from connector.storage import orders as store
from connector.storage import sku_story
from connector.usecases import why_order, why_sku


def why(app: App, reference: str) -> Story:
    """Tell the story of an order (our id, or the marketplace's), else of a SKU. Raises NotFound, Conflict as finding an order does."""
    with app.db.read() as tx:
        order = _order(tx, reference)
    if order is not None:
        return why_order.story(app, order)
    found = why_sku.story(app, reference)
    if found is None:
        with app.db.read() as tx:
            near = sku_story.similar(tx, reference)
        raise NotFound(
            f"{ascii(reference)[1:-1]} is no order, and no file that was taken, no marketplace and no refused row names such a SKU",
            remedy=f"did you mean {' or '.join(near)}?"
            if near
            else "connector orders list --search, or connector listings list; SKUs are written as the ERP writes them, with their zeros",
        )
    return found


def _order(tx: Connection, reference: str) -> Order | None:
    try:
        return store.find(tx, reference)
    except NotFound:
        return None


def described(story: Story, language: str = "en") -> dict[str, Any]:
    """Return a story as what JSON knows, its sentences in a language: en, or pt or es for those that the catalogue has."""
    told = story.as_dict()
    if language == "en":
        return told
    said = phrases(f"why.{language}").said
    spoken = [{**one, "text": said(one["text"])} for one in told["story"]]
    return {**told, "verdict": said(story.verdict), "todo": said(story.todo), "story": spoken}
