"""What is for sale: the snapshot's nouns as the rest of the house speaks of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Image:
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Product:
    """One SKU's content, as the ERP describes it. Lengths in cm, weight in grams."""

    sku: str
    product_id: str
    product_name: str
    sku_name: str
    description: str
    brand: str
    category: str
    ean: str
    ref_id: str
    height_cm: float
    width_cm: float
    length_cm: float
    weight_g: int
    measurement_unit: str
    unit_multiplier: float
    images: tuple[Image, ...]
    product_specs: dict[str, str]
    sku_specs: dict[str, str]
    active: bool

    @property
    def volume_cm3(self) -> float:
        return self.height_cm * self.width_cm * self.length_cm


@dataclass(frozen=True, slots=True)
class Service:
    """Something sold with a SKU: gift wrapping, a longer guarantee."""

    type: str
    id: str
    name: str
    price_cents: int


class Offer(NamedTuple):
    """What one SKU sells at in one sales channel of one marketplace, now.

    `stock` is what may be sold: the ERP's quantity less what open orders hold, never below 0.
    """

    sku: str
    price_cents: int
    list_price_cents: int
    valid_until: datetime | None
    stock: int
    weight_g: int
    height_cm: float
    width_cm: float
    length_cm: float
    measurement_unit: str
    unit_multiplier: float
    services: tuple[Service, ...] = ()
