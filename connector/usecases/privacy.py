"""Erase a person (LGPD, Lei 13.709/2018, art. 16 and 18): the data goes, what the law makes a seller keep stays, pseudonymised."""

from __future__ import annotations

import json
import re
from typing import Any

from sqlalchemy import Connection

from connector.app import App
from connector.domain.orders import OPEN_STATES
from connector.errors import UsageError
from connector.storage import order_story, people
from connector.storage.people import PersonalData
from connector.usecases import upkeep

KEPT = (
    (
        "of each order: its ids, dates, states, SKUs, amounts, CPF or CNPJ, country, state and the first five digits of the postal code,"
        " because fiscal records are kept five years (CTN art. 173 and 174; LGPD art. 16, I)"
    ),
    "invoice numbers and keys, because the invoice itself bears them",
    "files that the ERP was given (its target) or sent (archive/), which are the ERP's records: erase there by the ERP's own rules",
    "backups made before today: let them expire, and erase again after restoring one",
)
ERASED = {"erased": True}
LARGEST_AMOUNT = 10**9
"""Cents. Longer numbers are telephones and documents."""
MASK = "***"


def erase(app: App, document: str) -> dict[str, Any]:
    """Overwrite a person's data and say what went, what was kept, and why. Doing it again changes nothing.

    An open order whose file the ERP has not been given keeps its data until then: without the address nobody could deliver. Raises
    UsageError for what is no CPF or CNPJ.
    """
    documents = _ways_to_write(document)
    done: dict[str, Any] = {"erased": [], "already_erased": [], "still_open": [], "kept": list(KEPT)}
    with app.db.write() as tx:
        for data in people.of(tx, documents):
            done[_one(tx, app, data)].append(data.order_id)
        done["refused_rows"] = people.forget_refused_rows(tx, documents)
    upkeep.bring_home(app)  # secure_delete overwrote the pages; the write-ahead log still held them
    return done


def _ways_to_write(document: str) -> set[str]:
    bare = re.sub(r"[^0-9A-Za-z]", "", document).upper()
    if not re.fullmatch(r"[0-9]{3,11}|[0-9A-Z]{12}[0-9]{2}", bare):
        raise UsageError("--document takes a CPF (11 digits) or a CNPJ (14 characters)")
    stripped = bare.lstrip("0") or bare
    return {bare, stripped, stripped.zfill(11), stripped.zfill(14)}


def _one(tx: Connection, app: App, data: PersonalData) -> str:
    if data.client == ERASED:
        return "already_erased"
    is_needed = data.state in OPEN_STATES and not order_story.was_written(tx, data.order_id)
    if is_needed or people.waits_to_be_written(tx, data.order_id):
        return "still_open"
    safe = {data.order_id, data.marketplace_order_id, data.account} | people.goods_of(tx, data.order_id)
    people.pseudonymise(
        tx, data.order_id, client=ERASED, address=_region(data.address), raw=_masked(data.raw, safe), answer=_masked(data.answer, safe)
    )
    people.pseudonymise_changes(tx, data.order_id, lambda raw: _masked(raw, safe))
    order_story.event(tx, data.order_id, app.now, "personal data erased")
    return "erased"


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
