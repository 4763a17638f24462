"""Reading an order's JSON: names without case, everything but ids may be missing, and what is wrong is named by its place."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connector.errors import RequestInvalid

MAX_CENTS = 10**12
MAX_QUANTITY = 10**6
MAX_MULTIPLIER = 10**5
MAX_ID = 255
_WIDEST = 2**63
_UNSTORABLE = re.compile("[\\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object and where it stands; names are compared without case (VTEX writes `seller` and `Seller`)."""

    values: Mapping[str, Any]
    place: str

    @classmethod
    def of(cls, value: object, place: str) -> Fields:
        """Read an object; null and absence are an empty one. Raises RequestInvalid for anything else."""
        if value is None:
            return cls({}, place)
        if not isinstance(value, dict):
            raise invalid(place, value, "an object")
        return cls({str(name).lower(): found for name, found in value.items()}, place)

    def get(self, name: str) -> Any:
        return self.values.get(name.lower())

    def at(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name

    def object(self, name: str) -> Fields:
        return Fields.of(self.get(name), self.at(name))

    def objects(self, name: str) -> list[Fields]:
        """Read an array of objects; null and absence are an empty one."""
        value = self.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise invalid(self.at(name), value, "an array")
        return [Fields.of(one, f"{self.at(name)}[{position}]") for position, one in enumerate(value)]

    def text(self, name: str) -> str:
        """Read text, or a number as text; "" where there is none."""
        value = self.get(name)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise invalid(self.at(name), value, "text")
        return str(value).strip()

    def id(self, name: str) -> str:
        """Read an id: text of 1 to 255 characters, or a number as text."""
        value = self.text(name)
        if not value or len(value) > MAX_ID:
            raise invalid(self.at(name), self.get(name), f"text of 1 to {MAX_ID} characters")
        return value

    def flag(self, name: str) -> bool:
        value = self.get(name)
        if value not in (None, True, False):
            raise invalid(self.at(name), value, "true, false or null")
        return bool(value)

    def amount(self, name: str, *, least: int = 0) -> int:
        """Read cents, rounded half up; 0 where there is none."""
        value = self.get(name)
        if type(value) is int and least <= value <= MAX_CENTS:
            return value
        return int(self._number(name, least, MAX_CENTS, "an amount in cents").quantize(Decimal(1), rounding=ROUND_HALF_UP))

    def quantity(self, name: str) -> int:
        value = self._number(name, 1, MAX_QUANTITY, "a whole number") if self.get(name) is not None else None
        if value is None or value != int(value):
            raise invalid(self.at(name), self.get(name), f"a whole number from 1 to {MAX_QUANTITY}")
        return int(value)

    def multiplier(self, name: str) -> float:
        """Read a unit multiplier; 0 and null mean 1 (the guide's order sends 0; facts 0.2)."""
        return float(self._number(name, 0, MAX_MULTIPLIER, "a number")) or 1.0

    def decimal(self, name: str) -> Decimal:
        return self._number(name, -MAX_CENTS, MAX_CENTS, "a number")

    def _number(self, name: str, least: int, most: int, what: str) -> Decimal:
        value = self.get(name)
        if value is None:
            return Decimal(0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise invalid(self.at(name), value, f"{what} from {least} to {most}")
        return Decimal(str(value))


def invalid(place: str, found: object, allowed: str) -> RequestInvalid:
    """Say which field cannot be used, what was found there and what may stand there."""
    shown = "nothing" if found is None else ascii(found)[:80]
    where = place or "the body"
    return RequestInvalid(f"{where}: found {shown}; allowed: {allowed}", logged=f"{where}: allowed: {allowed}")


def check_storable(value: object, place: str = "") -> None:
    """Raise RequestInvalid, naming the field, for what no database or file can hold: NUL, lone surrogates, NaN, numbers over 64 bits."""
    if _is_storable(value):  # where each value stands is worked out for those alone that have something to name
        return
    for where, found in _leaves(value, place):
        if isinstance(found, str) and (wrong := _UNSTORABLE.search(found)):
            raise invalid(where, wrong[0], "text without NUL characters and lone surrogates")
        if isinstance(found, float) and not math.isfinite(found):
            raise invalid(where, found, "a finite number")
        if isinstance(found, int) and not -_WIDEST <= found < _WIDEST:
            raise invalid(where, found, "a number of at most 64 bits")


def _is_storable(value: object) -> bool:
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, str):
            if "\0" in found or not (found.isascii() or _UNSTORABLE.search(found) is None):
                return False
        elif isinstance(found, dict):
            waiting += found.values()
            waiting += found
        elif isinstance(found, list):
            waiting += found
        elif isinstance(found, float | int) and not -_WIDEST <= found < _WIDEST:  # NaN is not either
            return False
    return True


def _leaves(value: object, place: str) -> Iterator[tuple[str, object]]:
    """Walk a document without recursion: depth is bounded by whoever parsed it, not by us."""
    waiting: list[tuple[str, object]] = [(place, value)]
    while waiting:
        where, found = waiting.pop()
        if isinstance(found, dict):
            waiting += [(f"{where}.{ascii(name)[1:-1]}".lstrip("."), inner) for name, inner in found.items()]
            waiting += [(f"{where} (a name)".strip(), name) for name in found]
        elif isinstance(found, list):
            waiting += [(f"{where}[{position}]", inner) for position, inner in enumerate(found)]
        else:
            yield where, found
