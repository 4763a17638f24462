"""The ERP's three full exports by a seeded generator: any size, any share of lines changed, in order or in another one.

`python -m connector.bench.exports FOLDER SIZE SHARE shuffled|ordered` writes them: in a process of its own, for its memory's sake.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SEED = 20261124
CHUNK = 20_000
WRITTEN_AT = 1_750_000_000
"""When the first exports were written, in seconds since 1970; later ones an hour after."""
ENCODING = "cp1252"
PRODUCTS = (
    *("sku", "product_id", "product_name", "sku_name", "description", "brand", "category", "ean", "ref_id"),
    *("height", "width", "length", "weight", "measurement_unit", "unit_multiplier", "images", "active"),
)
PRICES = ("sku", "price", "list_price")
STOCK = ("sku", "quantity")
COLUMNS = {"products": PRODUCTS, "prices": PRICES, "stock": STOCK}


@dataclass(frozen=True, slots=True)
class Variant:
    """Which exports: `share` of each file's lines differ from the first ones; 0 with its lines in order is the first ones again."""

    size: int
    share: float = 0.0
    shuffled: bool = False

    @property
    def name(self) -> str:
        return f"{self.size}-{self.share:g}{'-shuffled' if self.shuffled else ''}"


def sku(n: int) -> str:
    return f"{n:08d}"


def price_cents(n: int, change: int = 0) -> int:
    return 1000 + n * 7919 % 99_000 + change


def quantity(n: int, change: int = 0) -> int:
    return 1000 + n * 31 % 997 + change


def product(n: int, change: int = 0) -> str:
    name = f"Cafeteira Italiana n.º {n % 977}" + (" edição nova" if change else "")
    texts = f"{name};{name} única;Alumínio polido, {2 + n % 11} xícaras, não vai ao forno;Casa Boa {n % 41};Casa/Cozinha/Café {n % 13}"
    rest = f"789{n:010d};REF-{n};{10 + n % 7};20;30;{1 + n % 3},5;un;1;Frente=https://img.example/{n}.jpg;S"
    return f"{n:08d};P-{n};{texts};{rest}"


def price(n: int, change: int = 0) -> str:
    cents = price_cents(n, change)
    return f"{n:08d};{cents // 100},{cents % 100:02d};{(cents + 500) // 100},{(cents + 500) % 100:02d}"


def stock(n: int, change: int = 0) -> str:
    return f"{n:08d};{quantity(n, change)}"


LINES: dict[str, Callable[[int, int], str]] = {"products": product, "prices": price, "stock": stock}


def changed(feed: str, variant: Variant) -> list[int]:
    """Return the numbers of the SKUs whose line in this file differs from the first exports', in their order."""
    count = round(variant.size * variant.share)
    if count >= variant.size:
        return list(range(variant.size))
    return sorted(_chance(feed).sample(range(variant.size), count))


def written(folder: Path, variant: Variant) -> Path:
    """Return the folder that holds the exports; made where it is not there yet."""
    place = folder / "files" / variant.name
    if not (place / "whole").exists():
        place.mkdir(parents=True, exist_ok=True)
        for feed in COLUMNS:
            _write(place / f"{feed}.csv", feed, variant)
        (place / "whole").touch()
    return place


def _chance(feed: str) -> random.Random:
    return random.Random(f"{SEED} {feed}")


def _write(path: Path, feed: str, variant: Variant) -> None:
    with path.open("wb") as file:
        file.write((";".join(COLUMNS[feed]) + "\n").encode(ENCODING))
        for lines in _chunks(feed, variant):
            file.write(("\n".join(lines) + "\n").encode(ENCODING))
    at = WRITTEN_AT + (3600 if variant.share or variant.shuffled else 0)
    os.utime(path, (at, at))


def _chunks(feed: str, variant: Variant) -> Iterator[list[str]]:
    line = LINES[feed]
    changes = bytearray(variant.size)
    for n in changed(feed, variant):
        changes[n] = 1
    numbers: range | list[int] = range(variant.size)
    if variant.shuffled:
        numbers = list(numbers)
        _chance(f"order of {feed}").shuffle(numbers)
    for start in range(0, variant.size, CHUNK):
        yield [line(n, changes[n]) for n in numbers[start : start + CHUNK]]


if __name__ == "__main__":
    where, size, share, order = sys.argv[1:]
    written(Path(where), Variant(int(size), float(share), order == "shuffled"))
