"""Files for the ERP: an order, its dispatch, its changes, its cancellation, as JSON, CSV or by a template of the operator's.

Money is integer cents, instants are ISO 8601 in UTC. The same order in the same state gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connector.domain.changing import KeptChange, OrderChange
from connector.domain.orders import Order, OrderItem, OrderState, line_cents

Document = dict[str, Any]
ITEM_COLUMNS = (
    *("orderId", "marketplaceOrderId", "marketplace", "salesChannel", "placedAt", "status", "authorizedAt"),
    *("sku", "quantity", "price", "unitMultiplier", "lineTotal", "discount", "services", "sla", "freight", "estimate"),
    *("deliveryFrom", "deliveryTo", "total"),
)
CLIENT_COLUMNS = ("firstName", "lastName", "email", "document", "phone", "corporateName", "corporateDocument")
ADDRESS_COLUMNS = (
    *("receiverName", "street", "number", "complement", "neighborhood", "city", "state", "postalCode", "country", "reference"),
)
LATER_COLUMNS = ("isGift", "measurementUnit", "attachments", "channel", "pickupPoint", "note", "customData")
LATER_CLIENT_COLUMNS = ("documentType", "tradeName", "stateInscription", "corporatePhone", "isCorporate")
"""New columns come on the right: an ERP may count them."""
ORDER_COLUMNS = (*ITEM_COLUMNS, *CLIENT_COLUMNS, *ADDRESS_COLUMNS, *LATER_COLUMNS, *LATER_CLIENT_COLUMNS)


def order_file(order: Order, file_format: str, templates: Path) -> tuple[str, bytes]:
    """Write an order as "json", "csv" or by a template of the folder (`<name>.j2`); returns the name's suffix and the content.

    Raises SettingsError for a template that is missing or cannot be rendered.
    """
    if file_format == "csv":
        return ".csv", _csv(ORDER_COLUMNS, [_row(order, item) for item in order.items])
    return _written(order_document(order), file_format, templates, "")


def dispatch_file(order: Order, file_format: str, templates: Path) -> tuple[str, bytes]:
    """Write that an order may be shipped; with a template, by `dispatch-<name>.j2` beside it, or as JSON where there is none."""
    return _small(dispatch_document(order), file_format, templates, "dispatch-")


def cancellation_file(order: Order, file_format: str, templates: Path) -> tuple[str, bytes]:
    """Write that an order is cancelled, or that the ERP must decide; with a template, by `cancellation-<name>.j2`, or as JSON."""
    return _small(cancellation_document(order), file_format, templates, "cancellation-")


def change_file(order: Order, change: KeptChange, file_format: str, templates: Path) -> tuple[str, bytes]:
    """Write how an order changed; always as JSON, or by `change-<name>.j2` where there is one: in a row of CSV nobody could tell it."""
    return _written(change_document(order, change), "json" if file_format == "csv" else file_format, templates, "change-")


def _small(document: Document, file_format: str, templates: Path, prefix: str) -> tuple[str, bytes]:
    if file_format == "csv":
        return ".csv", _csv(list(document), [list(document.values())])
    return _written(document, file_format, templates, prefix)


def _written(document: Document, file_format: str, templates: Path, prefix: str) -> tuple[str, bytes]:
    if file_format == "json" or (prefix and not (templates / f"{prefix}{file_format}").is_file()):
        return ".json", (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()
    from connector.formats.order_template import render  # with Jinja, of which whoever writes JSON or CSV has no need

    return render(_with_all_names(document), templates, f"{prefix}{file_format}")


def _with_all_names(document: Document) -> Document:
    """Let a template name what a marketplace may leave out of a person's data; other names that do not exist stay errors."""
    people = (("client", CLIENT_COLUMNS + LATER_CLIENT_COLUMNS), ("address", ADDRESS_COLUMNS))
    return document | {part: dict.fromkeys(names) | document[part] for part, names in people if part in document}


# ── what the files say ──────────────────────────────────────────────────────────────────────────────────────────────────
def order_document(order: Order) -> Document:
    """Describe an order. `status` is "placed" and `authorizedAt` null until it may be shipped; `raw` is what the marketplace sent."""
    return {
        "orderId": order.order_id,
        "marketplaceOrderId": order.marketplace_order_id,
        "marketplace": order.account,
        "salesChannel": order.sales_channel,
        "placedAt": _instant(order.placed_at),
        "status": order.state.value,
        "authorizedAt": _instant(order.authorized_at),
        "items": [_item(item) for item in order.items],
        "client": order.client,
        "address": order.address,
        "shipping": [_shipping(item) for item in order.items],
        "totals": _totals(order),
        "flags": list(order.flags),
        "note": order.note,
        "customData": order.custom_data,
        "raw": order.raw,
    }


def _item(item: OrderItem) -> Document:
    return {
        "sku": item.sku,
        "quantity": item.quantity,
        "price": item.price_cents,
        "unitMultiplier": item.unit_multiplier,
        "lineTotal": line_cents(item),
        "discount": item.tags_cents,
        "isGift": item.is_gift,
        "measurementUnit": item.measurement_unit,
        "attachments": list(item.attachments),
        "services": [{"type": s.type, "id": s.id, "name": s.name, "price": s.price_cents} for s in item.services],
    }


def _shipping(item: OrderItem) -> Document:
    return {
        "sku": item.sku,
        "sla": item.sla,
        "price": item.freight_cents,
        "estimate": item.estimate,
        "deliveryWindow": item.delivery_window,
        "channel": item.channel,
        "pickupPoint": item.pickup_point,
    }


def _totals(order: Order) -> Document:
    totals = order.totals
    return {
        "items": totals.items,
        "shipping": totals.shipping,
        "services": totals.services,
        "discounts": totals.discounts,
        "total": totals.total,
    }


def dispatch_document(order: Order) -> Document:
    """Describe an authorization; `payments` as the marketplace sent them, null where it sent none."""
    return {
        "orderId": order.order_id,
        "marketplaceOrderId": order.marketplace_order_id,
        "authorizedAt": _instant(order.authorized_at),
        "payments": order.payments,
    }


def cancellation_document(order: Order) -> Document:
    """Describe a cancellation. `decision` is "final", or "asked" where the ERP answers: a cancellations row for yes, an invoice for no."""
    request = order.cancel_request or {}
    is_final = order.state in (OrderState.CANCELED, OrderState.EXPIRED)
    return {
        "orderId": order.order_id,
        "marketplaceOrderId": order.marketplace_order_id,
        "requestId": request.get("id") or None,
        "requestedAt": request.get("requested_at") or request.get("asked_at") or _instant(order.canceled_at),
        "reason": order.cancel_reason,
        "decision": "final" if is_final else "asked",
    }


def changed_document(order: Order, change: OrderChange) -> Document:
    """Describe a change as it was applied: what went and came, and the lines and totals that the order has since."""
    return {
        "reason": change.reason,
        "removed": [{"sku": one.sku, "quantity": one.quantity} for one in change.removed],
        "added": [{"sku": one.sku, "quantity": one.quantity} for one in change.added],
        "adjustment": change.adjustment_cents,
        "items": [_item(item) for item in order.items],
        "shipping": [_shipping(item) for item in order.items],
        "totals": _totals(order),
    }


def change_document(order: Order, change: KeptChange) -> Document:
    """Describe a change for the ERP. `items`, `shipping` and `totals` are the order's since then, whole, in the former ones' place."""
    return {
        "orderId": order.order_id,
        "marketplaceOrderId": order.marketplace_order_id,
        "change": change.number,
        "requestId": change.request_id,
        "changedAt": _instant(change.applied_at),
        **(change.result or {}),
        "raw": change.raw,
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# ── CSV ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _row(order: Order, item: OrderItem) -> list[Any]:
    window = item.delivery_window or {}
    services = " | ".join(f"{s.name or s.id} ({s.price_cents})" for s in item.services)
    told = (order.order_id, order.marketplace_order_id, order.account, order.sales_channel, _instant(order.placed_at), order.state.value)
    line = (item.sku, item.quantity, item.price_cents, item.unit_multiplier, line_cents(item), item.tags_cents, services)
    shipped = (item.sla, item.freight_cents, item.estimate, window.get("start"), window.get("end"), order.totals.total)
    person = [order.client.get(name) for name in CLIENT_COLUMNS] + [order.address.get(name) for name in ADDRESS_COLUMNS]
    return [*told, _instant(order.authorized_at), *line, *shipped, *person, *_later(order, item)]


def _later(order: Order, item: OrderItem) -> list[Any]:
    collected = (item.channel, item.pickup_point)
    about_line = (item.is_gift, item.measurement_unit, list(item.attachments) or None, *collected)
    return [*about_line, order.note, order.custom_data, *(order.client.get(name) for name in LATER_CLIENT_COLUMNS)]


def _csv(columns: Sequence[str], rows: list[list[Any]]) -> bytes:
    """Write rows as RFC 4180 with `;`, UTF-8, values unchanged: an ERP reads these, no spreadsheet."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.12g}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | bool) else value
