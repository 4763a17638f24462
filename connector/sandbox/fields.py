"""The fields of a control, from a form or from JSON, read and refused in whole sentences."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from connector.errors import RequestInvalid
from connector.sandbox.calls import Call, is_whole
from connector.sandbox.documents import Line
from connector.sandbox.guard import is_form

Fields = Mapping[str, Any]
_LARGEST = 1_000_000


def read_fields(call: Call) -> Fields:
    """Return the fields of a form or of a JSON object. Raises RequestInvalid."""
    if is_form(call):
        raw = call.body if isinstance(call.body, str) else "" if call.body is None else json.dumps(call.body)
        return dict(parse_qsl(raw, keep_blank_values=True))
    if call.body is not None and not isinstance(call.body, dict):
        raise RequestInvalid("a JSON object is expected")
    return call.body or {}


def text(fields: Fields, name: str, otherwise: str | None = None) -> str:
    """Return a text; without `otherwise` it must be there. Raises RequestInvalid."""
    value = fields.get(name)
    if value in (None, ""):
        if otherwise is None:
            raise RequestInvalid(f"the field {name} is missing")
        return otherwise
    if not isinstance(value, (str, int)):
        raise RequestInvalid(f"the field {name} holds {value!r}, not a text")
    return str(value).strip()


def number(fields: Fields, name: str, otherwise: int = 0) -> int:
    """Return a whole number from 0. Raises RequestInvalid."""
    value = text(fields, name, str(otherwise))
    if not re.fullmatch(r"\d{1,9}", value, re.ASCII):
        raise RequestInvalid(f"the field {name} holds {value!r}, not a whole number")
    return int(value)


def flag(fields: Fields, name: str) -> bool:
    return fields.get(name) in (True, "1", "on", "true", "yes")


def cart_lines(fields: Fields) -> list[Line]:
    """Read `lines`: a list of {sku, quantity}, or a text with a line each, `SKU` or `SKU QUANTITY`. Raises RequestInvalid."""
    given = fields.get("lines")
    lines = [_line(line) for line in given.splitlines() if line.strip()] if isinstance(given, str) else [_pair(one) for one in given or []]
    if not lines:
        raise RequestInvalid("the field lines names no SKU; write one a line, such as: 000101 2")
    return lines


def _line(line: str) -> Line:
    match = re.fullmatch(r"(.+?)\s+(\d{1,9})", line.strip(), re.ASCII)
    return _checked(match[1], int(match[2])) if match else _checked(line.strip(), 1)


def _pair(one: Any) -> Line:
    if not isinstance(one, dict) or not isinstance(one.get("sku"), str) or not is_whole(one.get("quantity", 1)):
        raise RequestInvalid(f"lines holds {one!r}, not a SKU with its quantity")
    return _checked(one["sku"], one.get("quantity", 1))


def _checked(sku: str, quantity: int) -> Line:
    if not 0 < quantity <= _LARGEST:
        raise RequestInvalid(f"{quantity} of SKU {sku} cannot be bought; 1 to {_LARGEST} can")
    return sku, quantity
