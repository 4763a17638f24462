"""Documents as JSON columns: written from domain values, read back into them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import orjson

from connector.domain.documents import Cancellation, CarrierEvent, Content, Delivery, DocumentKind, Invoice, InvoiceItem, Tracking


def written(content: Content) -> dict[str, Any]:
    """Write a document's values as JSON knows them: days and instants in ISO 8601."""
    document: dict[str, Any] = orjson.loads(orjson.dumps(asdict(content)))
    return document


def read(kind: DocumentKind, content: dict[str, Any]) -> Content:
    """Read back what `written` wrote."""
    match kind:
        case DocumentKind.INVOICE:
            items = tuple(InvoiceItem(**item) for item in content["items"])
            return Invoice(**{**content, "items": items, "issued_at": datetime.fromisoformat(content["issued_at"])})
        case DocumentKind.TRACKING:
            return Tracking(**{**content, "dispatched_on": _day(content["dispatched_on"])})
        case DocumentKind.DELIVERY:
            events = tuple(CarrierEvent(**{**event, "on": date.fromisoformat(event["on"])}) for event in content["events"])
            return Delivery(**{**content, "events": events, "delivered_at": _instant(content["delivered_at"])})
        case DocumentKind.CANCEL:
            return Cancellation(**{**content, "return_issued_at": _instant(content["return_issued_at"])})


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
