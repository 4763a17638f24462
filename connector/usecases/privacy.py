"""Erase a person (LGPD, Lei 13.709/2018, art. 16 and 18): the data goes, what the law makes a seller keep stays, pseudonymised."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Any

from sqlalchemy import Connection

from connector.app import App
from connector.domain.orders import OPEN_STATES
from connector.domain.personal import naming_texts, without, written_forms
from connector.errors import UsageError
from connector.storage import order_story, people
from connector.storage.people import PersonalData
from connector.usecases import erasing_files, tombstones, upkeep

KEPT = (
    (
        "of each order: its ids, dates, states, SKUs, amounts, CPF or CNPJ, country, state and the first five digits of the postal code,"
        " because fiscal records are kept five years (CTN art. 173 and 174; LGPD art. 16, I)"
    ),
    "invoice numbers and keys, because the invoice itself bears them",
    "what the ERP has taken into its own books: erase there by the ERP's own rules",
    "backups made before today: they expire within 30 days, and a restored one is erased again by itself",
)
ERASED = {"erased": True}
LARGEST_AMOUNT = 10**9
"""Cents. Longer numbers are telephones and documents."""
LEAST_LETTERS = 8
"""Of what is searched for anywhere: less than that occurs in words and numbers of others."""
MASK = "***"


def erase(app: App, document: str) -> dict[str, Any]:
    """Overwrite a person's data, in the database and in the files with us; say what went, what was kept, and why. Again changes nothing.

    An open order whose file the ERP has not been given keeps its data until then: without the address nobody could deliver. Raises
    UsageError for what is no CPF or CNPJ.
    """
    documents = _ways_to_write(document)
    done: dict[str, Any] = {"erased": [], "already_erased": [], "still_open": []}
    with app.db.read() as tx:
        found = people.of(tx, documents)
        texts = _texts(found, documents)
        rows = people.refused_rows(tx, texts)
        needed = {data.order_id for data in found if _is_needed(tx, data)}
    tombstones.add(app, [data.order_id for data in found if data.client != ERASED and data.order_id not in needed], rows)
    with app.db.write() as tx:
        for data in people.of(tx, documents):
            done[_one(tx, app, data)].append(data.order_id)
        done["refused_rows"] = people.forget_refused_rows(tx, rows)
        done["texts"] = people.forget_texts(tx, texts, partial(without, texts=texts)) if texts else 0
    done |= _files(app, texts, {*done["erased"], *done["already_erased"]}, is_needed=bool(done["still_open"]))
    upkeep.checkpoint(app)  # secure_delete overwrote the pages; the write-ahead log still held them
    return done | {"kept": list(KEPT)}


def _texts(found: list[PersonalData], documents: set[str]) -> set[str]:
    named = [naming_texts(data.client, data.address) for data in found if data.client != ERASED]
    written = {form for document in documents for form in (document, *written_forms(document))}
    return {text for text in set().union(written, *named) if len(text) >= LEAST_LETTERS}


def _files(app: App, texts: set[str], orders: set[str], *, is_needed: bool) -> dict[str, list[str]]:
    """Files of open orders stay where the ERP looks for them; of the others nothing does."""
    with app.db.read() as tx:
        over = {data.order_id for data in people.of_orders(tx, orders) if data.state not in OPEN_STATES}
    ours = erasing_files.forget(app, texts) if not is_needed else erasing_files.Erased()
    theirs = erasing_files.take_from_target(app, over)
    return {"files_masked": ours.masked, "files_removed": ours.removed + theirs.removed, "files_unknown": theirs.unknown}


def erase_again(app: App) -> int:
    """Erase whatever was erased before, in a database restored from a backup; return how many orders that were."""
    gone = tombstones.known(app)
    with app.db.write() as tx:
        found = [data for data in people.of_orders(tx, gone.orders) if data.client != ERASED]
        texts = _texts(found, {data.document for data in found if data.document})
        for data in found:
            _overwrite(tx, app, data)
        people.forget_refused_rows(tx, gone.rows)
        if texts:
            people.forget_texts(tx, texts, partial(without, texts=texts))
    return len(found)


def _ways_to_write(document: str) -> set[str]:
    bare = re.sub(r"[^0-9A-Za-z]", "", document).upper()
    if not re.fullmatch(r"[0-9]{3,11}|[0-9A-Z]{12}[0-9]{2}", bare):
        raise UsageError("--document takes a CPF (11 digits) or a CNPJ (14 characters)")
    stripped = bare.lstrip("0") or bare
    return {bare, stripped, stripped.zfill(11), stripped.zfill(14)}


def _is_needed(tx: Connection, data: PersonalData) -> bool:
    """Say whether the ERP has not been given the order yet, and will be."""
    is_open = data.state in OPEN_STATES and not order_story.was_written(tx, data.order_id)
    return data.client != ERASED and (is_open or people.waits_to_be_written(tx, data.order_id))


def _one(tx: Connection, app: App, data: PersonalData) -> str:
    if data.client == ERASED:
        return "already_erased"
    if _is_needed(tx, data):
        return "still_open"
    _overwrite(tx, app, data)
    return "erased"


def _overwrite(tx: Connection, app: App, data: PersonalData) -> None:
    safe = {data.order_id, data.marketplace_order_id, data.account} | people.goods_of(tx, data.order_id)
    people.pseudonymise(
        tx, data.order_id, client=ERASED, address=_region(data.address), raw=_masked(data.raw, safe), answer=_masked(data.answer, safe)
    )
    people.pseudonymise_changes(tx, data.order_id, lambda raw: _masked(raw, safe))
    order_story.event(tx, data.order_id, app.now, "personal data erased")


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
