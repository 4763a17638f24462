"""What one transaction writes when an import is settled: snapshot, ledger, quarantine, holds, messages, reservations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, exists, select

from connector.domain.guards import Reason
from connector.domain.messages import Kind
from connector.settings import MarketplaceSettings
from connector.storage import changes, files, generations, holds, listings, orders, quarantine, reservations, snapshots
from connector.storage.files import Entry
from connector.storage.price_holds import HeldRows
from connector.storage.snapshots import Planned
from connector.storage.staging import Stage


def apply(
    tx: Connection, to: Sequence[MarketplaceSettings], planned: Planned, entry: Entry, now: datetime, *, generation: int | None = None
) -> Entry:
    """Make the snapshot what the plan says, and write all that follows from it; returns the ledger's line.

    Where the plan's changes were laid down as a `generation`, they are shown; `generations` brings them home, and tells them, after this.
    """
    plan, stage = planned.plan, planned.stage
    _wait_for_acks(tx, plan.feed)
    if generation is None:
        snapshots.apply(tx, stage, plan)
    else:
        generations.show(tx, plan.feed, generation)
    number = files.record_applied(tx, entry, now)
    quarantine.replace(tx, stage, plan.mode, number, settled_ids=planned.healed, now=now)
    _keep(tx, planned.held, number, plan.feed, now)
    entry = replace(entry, id=number)
    if plan.mode == "full":
        _supersede_older(tx, entry, now)
    if plan.changes and generation is None:
        listings.announce_changes(tx, to, changes.staged(stage), now)
    if plan.feed == "stock":
        _count(tx, to, entry, now, _said(tx, entry, plan.mode, _named(stage)))
    return entry


def approve(tx: Connection, entry: Entry, by: str, now: datetime) -> None:
    """Note who said yes to a held file that was applied."""
    number = holds.of_file(tx, entry.id) if entry.id is not None else None
    if number is not None:
        holds.decide(tx, number, "approved", by, now)


def renew(tx: Connection, to: Sequence[MarketplaceSettings], entry: Entry, mode: str, now: datetime) -> Entry:
    """Write what the file applied last, sent again, settles by being there, though it changes nothing."""
    _wait_for_acks(tx, entry.feed)
    entry = replace(entry, id=files.record_applied(tx, entry, now))
    if mode == "full":
        _supersede_older(tx, entry, now)
    if entry.feed == "stock":
        _count(tx, to, entry, now, _said(tx, entry, mode))
    return entry


def _wait_for_acks(tx: Connection, feed: str) -> None:
    if feed == "stock":
        reservations.count_in_turn(tx)


def _count(tx: Connection, to: Sequence[MarketplaceSettings], entry: Entry, now: datetime, said: ColumnElement[bool] | None) -> None:
    """End the reservations that a stock file counts already; a delta does so of SKUs, too, that it leaves out: they are as they were."""
    listings.announce(tx, to, orders.release_acked(tx, entry.modified_at, now, said=said), Kind.INVENTORY, now)


def _said(tx: Connection, entry: Entry, mode: str, named: ColumnElement[bool] | None = None) -> ColumnElement[bool] | None:
    """Say of which reservations a delta tells all, and which it has `named` where its rows are at hand; None for a full export."""
    return reservations.said_by_delta(tx, entry.sha256, named) if mode == "delta" else None


def _named(stage: Stage) -> ColumnElement[bool]:
    """Say of which reservations a file names the SKU, in each warehouse that has pieces: those it leaves out may be fewer by now."""
    sku, known = reservations.t.c.sku, stage.known
    left_out = exists().where(known.c.sku == sku, known.c.quantity > 0, ~exists().where(stage.same_key(stage.staged, known)))
    return and_(sku.in_(select(stage.staged.c.sku)), ~left_out)


def hold(tx: Connection, entry: Entry, reasons: Sequence[Reason], mode: str, now: datetime) -> Entry:
    """Hold a file for a person's yes; it takes the place of older full exports that wait."""
    number = files.record(tx, entry, now)
    holds.add(tx, number, entry.feed, reasons, now)
    if mode == "full":
        _supersede_held(tx, replace(entry, id=number), now)
    return replace(entry, id=number)


def refuse(tx: Connection, stage: Stage, entry: Entry, now: datetime) -> Entry:
    """Refuse a file whole, and list its bad rows."""
    number = files.record(tx, entry, now)
    quarantine.list_all(tx, stage, number, now)
    return replace(entry, id=number)


def _keep(tx: Connection, held: HeldRows, number: int, feed: str, now: datetime) -> None:
    holds.supersede(tx, held.superseded, now)
    holds.end(tx, held.ended, now)
    holds.add_rows(tx, number, feed, [(one.key, one.row, one.reason) for one in held.new], now)
    for hold_number, one in held.again:
        holds.refresh_row(tx, hold_number, number, one.row)


def _supersede_older(tx: Connection, entry: Entry, now: datetime) -> None:
    """Close what older full exports left waiting: this one says all there is to say."""
    _supersede_held(tx, entry, now)
    for number in files.supersede_refused(tx, entry, now):
        quarantine.heal_file(tx, number, now)


def _supersede_held(tx: Connection, entry: Entry, now: datetime) -> None:
    for number in holds.supersede_files(tx, entry, now):
        files.set_state(tx, number, "superseded")
