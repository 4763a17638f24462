"""What every peer that answers carts shares: a database of its own, freight in memory, and the marketplace's document."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.bench import exports
from connector.bench.freight import BANDS, RANGES, WAYS, cost_cents

SCHEMA = """
CREATE TABLE skus (sku TEXT PRIMARY KEY, price_cents INTEGER, list_price_cents INTEGER, weight_g INTEGER, unit TEXT, multiplier REAL);
CREATE TABLE stock (sku TEXT, warehouse TEXT, quantity INTEGER, PRIMARY KEY (sku, warehouse));
CREATE TABLE reservations (order_id TEXT, sku TEXT, quantity INTEGER, released INTEGER, PRIMARY KEY (order_id, sku));
CREATE INDEX open_reservations ON reservations (sku) WHERE released = 0;
"""
QUERY = """
SELECT sku, price_cents, list_price_cents, weight_g, unit, multiplier,
       (SELECT sum(quantity) FROM stock WHERE stock.sku = skus.sku),
       (SELECT sum(quantity) FROM reservations r WHERE r.sku = skus.sku AND r.released = 0)
FROM skus WHERE sku IN ({})
"""
STARTS = [place * (100_000_000 // RANGES) for place in range(RANGES)]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a SKU sells at: money in cents, weight in grams, stock less what is reserved."""

    price_cents: int
    list_price_cents: int
    weight_g: int
    unit: str
    multiplier: float
    stock: int


def made(path: Path, size: int, reserved: Mapping[str, int]) -> Path:
    """Return the database with the generator's catalogue and these reservations; made where it is not there yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        part.unlink(missing_ok=True)
        _make(part, size, reserved)
        part.rename(path)
    return path


def _make(path: Path, size: int, reserved: Mapping[str, int]) -> None:
    numbers = range(size)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(SCHEMA)
        db.executemany("INSERT INTO skus VALUES (?, ?, ?, ?, 'un', 1.0)", map(_sku, numbers))
        db.executemany("INSERT INTO stock VALUES (?, '', ?)", ((exports.sku(n), exports.quantity(n)) for n in numbers))
        db.executemany("INSERT INTO reservations VALUES ('R', ?, ?, 0)", reserved.items())
        db.commit()


def _sku(n: int) -> tuple[str, int, int, int]:
    return exports.sku(n), exports.price_cents(n), exports.price_cents(n) + 500, weight_g(n)


def weight_g(n: int) -> int:
    return (1 + n % 3) * 1000 + 500


def connect(path: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)


def offers(db: sqlite3.Connection, skus: Sequence[str]) -> dict[str, Offer]:
    """Return what these sell at, in one query."""
    rows = db.execute(QUERY.format(", ".join("?" * len(skus))), skus)
    return dict(map(offer, rows))


def offer(row: Sequence[Any]) -> tuple[str, Offer]:
    """Return a row's SKU and what it sells at."""
    sku, price_cents, list_price_cents, weight, unit, multiplier, stock, taken = row
    return sku, Offer(price_cents, list_price_cents, weight, unit, multiplier, max((stock or 0) - (taken or 0), 0))


# ── the marketplace's documents ─────────────────────────────────────────────────────────────────────────────────────────
def wanted(cart: Mapping[str, Any]) -> list[str]:
    """Return the SKUs of a cart, each once."""
    return list(dict.fromkeys(item["id"] for item in cart["items"]))


def answer(cart: Mapping[str, Any], found: Mapping[str, Offer]) -> dict[str, Any]:
    """Answer a cart."""
    place = bisect_right(STARTS, int(cart["postalCode"])) - 1
    lines = [(index, item, found[item["id"]]) for index, item in enumerate(cart["items"]) if item["id"] in found]
    return {
        "items": [_item(index, item, offer) for index, item, offer in lines],
        "logisticsInfo": [_logistics(index, item, offer, place) for index, item, offer in lines],
        "country": cart["country"],
        "postalCode": cart["postalCode"],
        "geoCoordinates": [],
        "allowMultipleDeliveries": True,
    }


def _item(index: int, item: Mapping[str, Any], offer: Offer) -> dict[str, Any]:
    return {
        "id": item["id"],
        "requestIndex": index,
        "price": offer.price_cents,
        "listPrice": offer.list_price_cents,
        "quantity": min(item["quantity"], offer.stock),
        "seller": item["seller"],
        "merchantName": None,
        "priceValidUntil": None,
        "offerings": [],
        "priceTags": [],
        "measurementUnit": offer.unit,
        "unitMultiplier": int(offer.multiplier),
        "attachmentOfferings": [],
    }


def _logistics(index: int, item: Mapping[str, Any], offer: Offer, place: int) -> dict[str, Any]:
    return {
        "itemIndex": index,
        "stockBalance": offer.stock,
        "quantity": min(item["quantity"], offer.stock),
        "shipsTo": ["BRA"],
        "slas": slas(offer.weight_g * item["quantity"], place),
        "deliveryChannels": [{"id": "delivery", "stockBalance": offer.stock}],
    }


def slas(grams: int, place: int) -> list[dict[str, Any]]:
    """Return the ways of delivery for a weight to a place."""
    band = next((number for number, (light, heavy) in enumerate(BANDS) if light <= grams <= heavy), None)
    if band is None:
        return []
    return [
        {
            "id": name,
            "deliveryChannel": "delivery",
            "name": name,
            "shippingEstimate": f"{days}bd",
            "price": cost_cents(cents, place, band),
            "availableDeliveryWindows": [],
            "pickupStoreInfo": {"isPickupStore": False, "friendlyName": None, "address": None, "additionalInfo": None, "dockId": None},
        }
        for name, (cents, days) in WAYS.items()
    ]


def facts(document: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return of an answer what must be the same whoever gives it: SKU, price, quantity, stock, and the prices of delivery."""
    rows: Iterable[tuple[Any, Any]] = zip(document["items"], document["logisticsInfo"], strict=True)
    return [(item["id"], item["price"], item["quantity"], row["stockBalance"], _prices(row["slas"])) for item, row in rows]


def _prices(slas: Iterable[Mapping[str, Any]]) -> list[int]:
    return sorted(sla["price"] for sla in slas)


def expected(cart: Mapping[str, Any], reserved: Mapping[str, int]) -> list[tuple[Any, ...]]:
    """Return these facts as the generator has them."""
    place = bisect_right(STARTS, int(cart["postalCode"])) - 1
    found = []
    for item in cart["items"]:
        n, quantity = int(item["id"]), item["quantity"]
        prices = _prices(slas(weight_g(n) * quantity, place))
        found.append((item["id"], exports.price_cents(n), quantity, exports.quantity(n) - reserved.get(item["id"], 0), prices))
    return found
