"""What people decide of files and rows that a guard held or that were refused. Values returned are plain, to be shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from connector.app import App
from connector.domain import keys
from connector.domain.messages import Kind
from connector.domain.money import units
from connector.errors import Conflict, FileRefused
from connector.feeds import FEEDS
from connector.storage import files, holds, left_out, listings, quarantine, repeated, snapshots
from connector.storage.files import Entry
from connector.usecases import errors_back, imports, places, refreshing, unknown_accounts
from connector.usecases.imports import Approval
from connector.usecases.logins import login
from connector.usecases.report import Report
from connector.usecases.turns import turn

REFRESH = "refresh-snapshot"


# ── held ────────────────────────────────────────────────────────────────────────────────────────────────────────────────
def held_list(app: App) -> list[dict[str, Any]]:
    """List what waits for a person's yes, the oldest first."""
    with app.db.read() as tx:
        return [_hold(row) for row in holds.waiting(tx)]


def held_show(app: App, number: int) -> dict[str, Any]:
    """Tell why something is held, and what it would change. Raises NotFound."""
    with app.db.read() as tx:
        row = holds.one(tx, number)
    return {**_hold(row), "state": row["state"], "decided_by": row["decided_by"], "row": row["row"], "plan": row["plan"]}


def held_approve(app: App, number: int, by: str = "") -> dict[str, Any]:
    """Say yes: a file is planned again and applied without the guards that held it, a row's value is applied.

    Raises NotFound; Conflict where it is no longer held, or a row's price, or that in the place of one left out, ended meanwhile; Busy
    while a refresh runs.
    """
    with turn(app, REFRESH):
        row = _open_hold(app, number)
        by = by or login()
        said = _approve_row(app, row, by) if row["what"] == "row" else _approve_file(app, row, by)
    return {"id": number, "decided_by": by, "outcome": said}


def held_discard(app: App, number: int, by: str = "") -> dict[str, Any]:
    """Say no: a file moves to rejected/, a row's known value stays. Raises as held_approve does."""
    with turn(app, REFRESH):
        row, by = _open_hold(app, number), by or login()
        with app.db.write() as tx:
            if row["what"] == "row" and _leaves_none(app, tx, row["row"]):
                holds.supersede(tx, [number], app.now)  # its yes is refused: no no is left for what is asked the next time
            else:
                holds.decide(tx, number, "discarded", by, app.now)
            if row["what"] == "file":
                files.set_state(tx, row["file_id"], "discarded")
        said = (
            places.move(app, row["file_id"], f"rejected/{row['feed']}")
            if row["what"] == "file"
            else f"the known value of {keys.shown(row['key'], _parts(row['feed']))} stays"
        )
    return {"id": number, "decided_by": by, "outcome": said}


def _open_hold(app: App, number: int) -> dict[str, Any]:
    with app.db.read() as tx:
        row = holds.one(tx, number)
    if row["state"] != "held":
        raise Conflict(f"hold {number} is no longer held: it was {row['state']}", remedy="connector held list")
    return row


@repeated.when_deadlocked
def _approve_row(app: App, row: dict[str, Any], by: str) -> str:
    values = row["row"]
    _must_last(app, row)
    told = [m for m in app.marketplaces if values["marketplace"] in ("", m.account)]
    with app.db.write() as tx:
        if _leaves_none(app, tx, values):
            why = f"nothing that is not over sells {values['sku']} in the place of the price left out"
            raise Conflict(why, remedy=f"connector held discard {row['id']}")
        earlier = [one.id for one in holds.row_decisions(tx, row["feed"], row["key"]) if one.state != "held"]
        holds.end(tx, earlier, app.now)
        holds.decide(tx, row["id"], "approved", by, app.now)
        (snapshots.put_price if values["line"] else snapshots.drop_price)(tx, values)  # one without a line was left out
        listings.announce(tx, told, [values["sku"]], Kind.PRICE, app.now)
    until = f"over since {values['valid_until']}" if values["line"] and holds.is_over(values, app.now) else ""
    return f"the price of {values['sku']} is {until or units(values['price_cents']) + ' now'}"


def _must_last(app: App, row: dict[str, Any]) -> None:
    """Refuse a price that ended while it waited: put in the place of one that sells it would take the SKU off sale.

    One that was over when its file came ends the one that sells, as the file says.
    """
    values = row["row"]
    if values["line"] and holds.is_over(values, app.now) and not holds.is_over(values, row["settled_at"]):
        raise Conflict(
            f"the held price of {values['sku']} is over since {values['valid_until']}", remedy=f"connector held discard {row['id']}"
        )


def _leaves_none(app: App, tx: Connection, values: dict[str, Any]) -> bool:
    """Say whether taking away a price that was left out would take the SKU off sale: those that sold in its place are over by now."""
    return not values["line"] and not left_out.sells_on(tx, values, app.now, unknown_accounts.asked_of(app))


def _approve_file(app: App, row: dict[str, Any], by: str) -> str:
    guards = frozenset(reason["guard"] for reason in row["reasons"])
    entry = places.lying(app, row["file_id"])
    try:
        draft, settled, refusals = imports.import_file(app, app.root / str(entry.place), entry, Approval(by, guards))
    except FileRefused as error:
        raise Conflict(f"{entry.name} can no longer be read: {error}", remedy=f"connector held discard {row['id']}") from error
    report = Report(REFRESH)
    refreshing.say(report, draft.plan, draft.verdict, refusals, draft.planned.held.all)
    if settled.state == "applied":
        errors_back.of_applied(app, entry, refusals)
        places.move(app, row["file_id"], places.archive(app, entry.feed))
    return "; ".join([*report.lines, *report.failures])


# ── quarantine ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def quarantine_list(app: App) -> list[dict[str, Any]]:
    """List the files refused whole, and the refused rows that no good row has replaced. A file goes by the id of its first bad row."""
    with app.db.read() as tx:
        whole = [_refused_file(entry, quarantine.rows_of(tx, entry.id)) for entry in files.refused(tx) if entry.id is not None]
        rows = [_row(row) for row in quarantine.open_rows(tx)]
    return sorted([*(one for one in whole if one["id"] is not None), *rows], key=lambda one: int(one["id"]))


def quarantine_show(app: App, number: int) -> list[dict[str, Any]]:
    """Show the refused rows of a refused row's file: line, column, value, reason; of one that is settled, since when. Raises NotFound."""
    with app.db.read() as tx:
        row = quarantine.one(tx, number)
        still_open = [_row(one) for one in quarantine.rows_of(tx, row["file_id"])]
        settled = [] if still_open else quarantine.settled_rows_of(tx, row["file_id"])
    return still_open or [{**_row(one), "settled_at": _at(one["healed_at"])} for one in settled]


# ── as people and machines see it ───────────────────────────────────────────────────────────────────────────────────────
def _hold(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "what": row["what"],
        "feed": row["feed"],
        "file": row["name"],
        "key": keys.shown(row["key"], _parts(row["feed"])),
        "reasons": [reason["sentence"] for reason in row["reasons"]],
        "held_at": _at(row["held_at"]),
    }


def _refused_file(entry: Entry, rows: list[dict[str, Any]]) -> dict[str, Any]:
    reasons = entry.plan.get("reasons") or [row["reason"] for row in rows[:1]]
    first = rows[0]["id"] if rows else None
    return {"id": first, "what": "file", "feed": entry.feed, "file": entry.name, "rows": len(rows), "reason": "; ".join(reasons)}


def _row(row: dict[str, Any]) -> dict[str, Any]:
    shown = {name: row[name] for name in ("id", "feed", "line", "column", "value", "reason")}
    key = keys.shown(row["key"], _parts(row["feed"]))
    return {"what": "row", **shown, "key": key, "file": row["name"], "refused_at": _at(row["refused_at"])}


def _parts(feed: str) -> int:
    return len(FEEDS[feed].key)


def _at(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
