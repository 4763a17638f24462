"""Rows of document files as documents: what belongs together, and what contradicts itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from connector.domain.documents import Ack, Cancellation, CarrierEvent, Delivery, GivenInvoice, GivenLine, Objection, Tracking

Row = tuple[int, dict[str, Any]]
"""A line's number, and its values by the feed's field names."""

KEYS = {
    "invoices": ("order_id", "invoice_number"),
    "tracking": ("order_id", "invoice_number"),
    "cancellations": ("order_id",),
    "acks": ("order_id",),
}
"""Rows that share these are one document, taken whole or not at all."""


def key_of(feed: str, values: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(values[name]) for name in KEYS[feed])


def grouped(feed: str, rows: Sequence[Row]) -> dict[tuple[str, ...], list[Row]]:
    """Gather a file's rows into documents, in the order of their first rows."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(key_of(feed, row[1]), []).append(row)
    return groups


# ── one document of several rows ────────────────────────────────────────────────────────────────────────────────────────
def read_invoice(rows: Sequence[Row]) -> GivenInvoice | Objection:
    """Make one invoice of its rows, one for each item; what stands in all of them has to be the same."""
    first = rows[0][1]
    for name, column in (
        ("issued_at", "issuance_date"),
        ("value_cents", "invoice_value"),
        ("type", "type"),
        ("invoice_key", "invoice_key"),
    ):
        objection = _differing(rows, name, column)
        if objection:
            return objection
    travel = _travel(rows)
    if isinstance(travel, Objection):
        return travel
    lines = tuple(GivenLine(values["sku"], values["quantity"], values["price_cents"]) for _, values in rows)
    kind: Literal["Output", "Input"] = "Input" if first["type"] == "Input" else "Output"
    head = (first["invoice_number"], kind, first["issued_at"], first["value_cents"])
    return GivenInvoice(*head, lines, first["invoice_key"], *travel, _last(rows, "invoice_url"))


def _differing(rows: Sequence[Row], name: str, column: str) -> Objection | None:
    first_line, first = rows[0]
    for line, values in rows[1:]:
        if values[name] != first[name]:
            reason = f"the rows of one invoice say the same of it, but lines {first_line} and {line} differ in {column}"
            return Objection(column, str(values[name]), reason, line)
    return None


def _travel(rows: Sequence[Row]) -> tuple[str, str, str] | Objection:
    """Return courier, tracking number and address, which need not stand in every row."""
    numbers = {values["tracking_number"]: line for line, values in rows if values["tracking_number"]}
    if len(numbers) > 1:
        line = max(numbers.values())
        reason = (
            f"the rows name several tracking numbers ({', '.join(numbers)}); VTEX knows one for an invoice: invoice each parcel by itself"
        )
        return Objection("tracking_number", next(number for number, at in numbers.items() if at == line), reason, line)
    return _last(rows, "courier"), _last(rows, "tracking_number"), _last(rows, "tracking_url")


def _last(rows: Sequence[Row], name: str) -> Any:
    """Return what the last row says that says it; rows quarantined by an older version may lack the column."""
    return next((values[name] for _, values in reversed(rows) if values.get(name)), "")


def read_tracking(rows: Sequence[Row], zone: ZoneInfo, modified_at: datetime) -> tuple[Tracking | None, Delivery | None] | Objection:
    """Make of an invoice's rows its tracking and what the carrier reported; one of the two may be missing."""
    travel = _travel(rows)
    if isinstance(travel, Objection):
        return travel
    number = rows[0][1]["invoice_number"]
    courier, tracking_number, url = travel
    dispatched_on = _day(_last(rows, "dispatched_at") or None, zone)
    tracking = Tracking(number, courier, tracking_number, url, dispatched_on) if tracking_number else None
    events: list[CarrierEvent] = []
    for line, values in rows:
        event = _event(values, zone)
        if isinstance(event, str):
            return Objection("event_date", "", event, line)
        events += [event] if event else []
    arrivals = [values["event_at"] or modified_at for _, values in rows if values["delivered"]]
    delivery = Delivery(number, bool(arrivals), max(arrivals, default=None), tuple(dict.fromkeys(events)))
    if tracking is None and not (arrivals or events):
        return Objection("tracking_number", "", "the row names neither a tracking number nor an event nor a delivery")
    return tracking, delivery if arrivals or events else None


def _event(values: dict[str, Any], zone: ZoneInfo) -> CarrierEvent | str | None:
    on = _day(values["event_at"], zone)
    told = (values["city"], values["state"], values["description"])
    if on is None:
        return "a carrier's event needs its day" if any(told) else None
    return CarrierEvent(on, *told)


def _day(at: datetime | date | None, zone: ZoneInfo) -> date | None:
    return at.astimezone(zone).date() if isinstance(at, datetime) else at


def differing(rows: Sequence[Row]) -> Objection | None:
    """Object to rows of one order that are one document each, and contradict one another."""
    for line, values in rows[1:]:
        if values != rows[0][1]:
            return Objection("order_id", values["order_id"], f"lines {rows[0][0]} and {line} say different things of the same order", line)
    return None


# ── one document a row ──────────────────────────────────────────────────────────────────────────────────────────────────
def read_cancellation(values: dict[str, Any]) -> Cancellation:
    return Cancellation(values["reason"], values["return_invoice_number"], values["return_issued_at"])


def read_ack(values: dict[str, Any], order_id: str, acked_at: datetime) -> Ack:
    """Read the ERP's answer; the file's own time is the ack's: stock files newer than it count the order."""
    return Ack(order_id, values["status"] == "accepted", values["erp_order_id"], values["message"], acked_at)


# ── kept for a retry ────────────────────────────────────────────────────────────────────────────────────────────────────
INSTANTS = ("issued_at", "dispatched_at", "event_at", "return_issued_at")


def as_record(values: dict[str, Any]) -> dict[str, Any]:
    """Write a row's values as the quarantine keeps them, so that the document can be taken again."""
    return {"values": {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}}


def of_record(record: object) -> dict[str, Any] | None:
    """Read back what `as_record` wrote; None for a row that could not even be read."""
    values = record.get("values") if isinstance(record, dict) else None
    if not isinstance(values, dict):
        return None
    parse: Callable[[Any], Any] = lambda text: datetime.fromisoformat(text) if text else None  # noqa: E731  # two words long
    return {name: parse(value) if name in INSTANTS else value for name, value in values.items()}
