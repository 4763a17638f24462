"""Erase a person (LGPD, Lei 13.709/2018, art. 16 and 18): the data goes, what the law makes a seller keep stays, pseudonymised."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection

from connector.app import App
from connector.domain.messages import ERP
from connector.domain.naming import Naming, naming
from connector.domain.orders import OPEN_STATES
from connector.errors import UsageError
from connector.storage import order_story, people, spoken
from connector.storage.people import PersonalData
from connector.usecases import erasing_files, tombstones, upkeep
from connector.usecases.placing import EXPORTED
from connector.usecases.pseudonyms import ERASED, overwrite

KEPT = (
    (
        "of each order: its ids, dates, states, SKUs, amounts, CPF or CNPJ, country, state and the first five digits of the postal code,"
        " because fiscal records are kept five years (CTN art. 173 and 174; LGPD art. 16, I)"
    ),
    "invoice numbers and keys, because the invoice itself bears them",
    "what the ERP has taken into its own books: erase there by the ERP's own rules",
    "backups made before today: they expire within 30 days, and a restored one is erased again by itself",
)


def erase(app: App, document: str) -> dict[str, Any]:
    """Overwrite a person's data, in the database and in the files with us; say what went, what was kept, and why. Again changes nothing.

    An order that a message needs keeps its data until then: without the address nobody could deliver; `to_do` says what it waits for.
    What names the person is taken out of all else first, while the orders still tell the name. Raises UsageError for what is no CPF or
    CNPJ.
    """
    documents = _ways_to_write(document)
    with app.db.read() as tx:
        found = people.of(tx, documents)
        needed = {data.order_id for data in found if _waits_for(tx, data)}
    listed = tombstones.known(app)
    nameless = [data for data in found if data.client == ERASED and data.order_id not in listed.searched]
    named = _naming(found, documents)
    rows = spoken.refused_rows(app.db, named, _numbers(found))
    new = [data.order_id for data in nameless if data.order_id not in listed.orders]
    tombstones.add(app, [data.order_id for data in found if data.client != ERASED and data.order_id not in needed], rows, new)
    counts = _forget(app, named, rows)
    in_files = _naming(found, documents, {number for data in nameless for number in (data.marketplace_order_id, *_numbers([data]))})
    files = _files(app, in_files, [data for data in found if data.order_id not in needed])
    done = _overwrite_all(app, [data.order_id for data in found])
    elsewhere = erasing_files.folders_elsewhere(app)
    done["to_do"] += [*_to_look_into(app, nameless), *_to_do_elsewhere(elsewhere)]
    files["files_unknown"] += [f"{folder}: files lie on another machine, or are gone" for folder in elsewhere]
    upkeep.checkpoint(app)  # secure_delete overwrote the pages; the write-ahead log still held them
    return done | counts | files | {"kept": list(KEPT)}


def _naming(found: list[PersonalData], documents: set[str], numbers: Collection[str] = ()) -> Naming:
    return naming(((data.client, data.address) for data in found if data.client != ERASED), documents, numbers)


def _to_look_into(app: App, nameless: list[PersonalData]) -> list[str]:
    """Name the folders where the person may stand by name alone: in files from between such an order's placing and its overwriting.

    Such an order tells no name any more, and nobody searched the files here while it did.
    """
    spans = [(data.placed_at.timestamp(), data.erased_at.timestamp()) for data in nameless if data.erased_at is not None]
    folders = erasing_files.folders_of_time(app, spans)
    if not folders:
        return []
    orders, places = ", ".join(data.order_id for data in nameless), ", ".join(folders)
    why = f"[orders] personal_days, or another machine, took the name, e-mail and telephones of {orders}"
    what = f"in {places} the person was looked for by CPF or CNPJ and by these numbers alone"
    return [f"{why}: {what}; search there for the name, or erase again once [erp] archive_days and rejected_days have passed"]


def _to_do_elsewhere(folders: list[str]) -> list[str]:
    if not folders:
        return []
    what = f"files of {', '.join(folders)} lie on another machine of this database, or are gone, and were not searched"
    return [f"{what}: run the same command on each machine, and search those folders there for the name, which the orders tell no more"]


def _numbers(found: list[PersonalData]) -> set[str]:
    """Return what the ERP calls these orders."""
    return {number for data in found for number in (data.order_id, data.erp_order_id) if number}


def _forget(app: App, named: Naming, rows: Collection[tuple[str, int]]) -> dict[str, int]:
    with app.db.write() as tx:
        refused = people.forget_refused_rows(tx, rows)
    return {"refused_rows": refused, "texts": spoken.forget(app.db, named)}


def _files(app: App, named: Naming, found: list[PersonalData]) -> dict[str, list[str]]:
    """Files of open orders stay where the ERP looks for them; of the others nothing does."""
    ours, errors = erasing_files.forget(app, named), erasing_files.forget_on_target(app, named)
    theirs = erasing_files.take_from_target(app, {data.order_id for data in found if data.state not in OPEN_STATES})
    return {
        "files_masked": ours.masked + errors.masked,
        "files_removed": ours.removed + theirs.removed,
        "files_unknown": ours.unknown + errors.unknown + theirs.unknown,
    }


def _overwrite_all(app: App, order_ids: Collection[str]) -> dict[str, list[str]]:
    done: dict[str, list[str]] = {"erased": [], "already_erased": [], "still_open": [], "to_do": []}
    with app.db.write() as tx:
        for data in people.of_orders(tx, order_ids):
            waits = _waits_for(tx, data)
            done["to_do"] += waits
            done[_one(tx, app, data, is_needed=bool(waits))].append(data.order_id)
    return done


def _one(tx: Connection, app: App, data: PersonalData, *, is_needed: bool) -> str:
    if data.client == ERASED:
        people.pseudonymise_story(tx, data.order_id)  # what the ERP or the marketplace wrote since
        return "already_erased"
    if is_needed:
        return "still_open"
    overwrite(tx, data, app.now)
    return "erased"


def erase_again(app: App) -> int:
    """Erase whatever was erased before, in a database restored from a backup; return how many orders that were."""
    gone = tombstones.known(app)
    with app.db.read() as tx:
        found = [data for data in people.of_orders(tx, gone.orders) if data.client != ERASED]
    _forget(app, _naming(found, {data.document for data in found if data.document}), gone.rows)
    with app.db.write() as tx:
        for data in found:
            overwrite(tx, data, app.now)
    return len(found)


def _ways_to_write(document: str) -> set[str]:
    bare = re.sub(r"[^0-9A-Za-z]", "", document).upper()
    if not re.fullmatch(r"[0-9]{3,11}|[0-9A-Z]{12}[0-9]{2}", bare):
        raise UsageError("--document takes a CPF (11 digits) or a CNPJ (14 characters)")
    stripped = bare.lstrip("0") or bare
    return {bare, stripped, stripped.zfill(11), stripped.zfill(14)}


def _waits_for(tx: Connection, data: PersonalData) -> list[str]:
    """Say what still needs an order's data, and what to do about it; nothing where nothing does."""
    if data.client == ERASED:
        return []
    waits = [_in_words(data, row.id, row.kind, row.destination, row.state) for row in people.messages_that_need(tx, data.order_id)]
    if waits or data.state not in OPEN_STATES or order_story.has(tx, data.order_id, EXPORTED):
        return waits
    return [f"order {data.order_id} goes to the ERP once the marketplace authorizes it: its data is needed; erase again then"]


def _in_words(data: PersonalData, number: int, kind: str, destination: str, state: str) -> str:
    if state == "dead":
        remedy = f"`connector dead-letters replay {number}`, or `connector dead-letters discard {number}`, then erase again"
        return f"order {data.order_id}: its {kind} was given up, and its data is kept for it: {remedy}"
    if destination == ERP:
        needed = f"order {data.order_id} was not given to the ERP yet ({kind}): its data is needed"
        return f"{needed}; erase again after `connector run export-orders`"
    return f"order {data.order_id}: {destination} was not told of its {kind} yet; erase again after `connector run report-documents`"
