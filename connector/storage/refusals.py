"""Suggestions that a marketplace refused for good: a person alone has them put once more as they are."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, literal_column, select, tuple_, update

from connector.domain.messages import Kind
from connector.storage.tables import listings, outbox

IS_WITHHELD: ColumnElement[bool] = listings.c.state == literal_column("'withheld'")


def forget(tx: Connection, account: str) -> None:
    """Forget what a marketplace refused."""
    tx.execute(update(listings).where(listings.c.account == account, IS_WITHHELD).values(suggestion_hash=None))


def forget_those(tx: Connection, letters: Collection[int]) -> None:
    """Forget the refusals that these dead letters are of."""
    refused = select(outbox.c.destination, outbox.c.reference).where(outbox.c.id.in_(letters), outbox.c.kind == Kind.SUGGESTION.value)
    is_one = tuple_(listings.c.account, listings.c.sku).in_(refused)
    tx.execute(update(listings).where(is_one, IS_WITHHELD).values(suggestion_hash=None))
