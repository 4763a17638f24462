"""Overwrite what one order holds of a person, but for what the law makes a seller keep."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from connector.domain.orders import OPEN_STATES
from connector.domain.personal import MASK
from connector.storage import order_story, people
from connector.storage.people import PersonalData

ERASED = {"erased": True}
LARGEST_AMOUNT = 10**9
"""Cents. Longer numbers are telephones and documents."""


def overwrite(tx: Connection, data: PersonalData, now: datetime, why: str = "") -> None:
    """Overwrite an order's personal data, and all that others wrote about it.

    While an order is open more may be written about it: housekeeping looks at it once more when it is final.
    """
    erased_at = None if data.state in OPEN_STATES else now
    safe = {data.order_id, data.marketplace_order_id, data.account} | people.goods_of(tx, data.order_id)
    values = {"client": ERASED, "address": _region(data.address), "raw": _masked(data.raw, safe), "answer": _masked(data.answer, safe)}
    people.pseudonymise(tx, data.order_id, erased_at, values)
    people.pseudonymise_changes(tx, data.order_id, lambda raw: _masked(raw, safe))
    people.pseudonymise_story(tx, data.order_id)
    order_story.event(tx, data.order_id, now, "personal data erased", why)


def _region(address: dict[str, Any]) -> dict[str, Any]:
    """Keep where goods of this kind go, and nobody's door."""
    kept: dict[str, Any] = {name: address[name] for name in ("country", "state") if name in address}
    digits = re.sub(r"[^0-9]", "", str(address.get("postalCode") or ""))
    return {**kept, **ERASED, "postalCode": digits[:5] + MASK if digits else ""}


def _masked(document: bytes, safe: set[str]) -> bytes:
    """Mask all texts but those known to name no person: what a form holds in free text nobody knows beforehand."""
    return json.dumps(_mask(json.loads(document), safe), ensure_ascii=False).encode()


def _mask(value: Any, safe: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: _mask(inner, safe) for name, inner in value.items()}
    if isinstance(value, list):
        return [_mask(inner, safe) for inner in value]
    if isinstance(value, str):
        return value if value in safe or not value else MASK
    if isinstance(value, float):
        return 0.0  # where somebody lives, among others; amounts are whole cents
    return 0 if isinstance(value, int) and abs(value) >= LARGEST_AMOUNT else value
