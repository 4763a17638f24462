"""JSON, read in two ways.

`parse` is for what is kept and passed on (orders): what two readers could understand differently is refused, naming the field.
Refused: other encodings than UTF-8, duplicate keys (the last one would silently win), NaN and Infinity, numbers that lose digits,
the character NUL and lone surrogates (no database keeps them), nesting deeper than 64.

`parse_quickly` is for simulations, which are answered and forgotten, and where one odd value must cost its own line only: it
refuses other encodings, NaN, Infinity and deep nesting, and leaves values to the reader.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import orjson

from connector.errors import RequestInvalid

DEEPEST = 64
LARGEST = 2**53
LONGEST_PATH = 120
LONGEST_INTEGER = 400  # digits; Python refuses to convert some thousands, since that takes long
_HALF = re.compile("[\ud800-\udfff]")
BOM = b"\xef\xbb\xbf"

Path = tuple[str | int, ...]


def parse(raw: bytes, what: str) -> Any:
    """Read a document, or raise RequestInvalid; `what` names it in the message ("the body")."""
    document = _load(_text(raw, what), what, _no_key_twice)
    if not _is_sound(raw, document):  # where each value stands is worked out for those alone that have something to name
        _examine(document, (), what)
    return document


def parse_quickly(raw: bytes, what: str) -> Any:
    """Read a document that is not kept, or raise RequestInvalid."""
    try:
        document = orjson.loads(raw.removeprefix(BOM))
    except orjson.JSONDecodeError:  # its messages name no place, and it refuses half a surrogate pair, which is well-formed JSON
        document = _load(_text(raw, what), what, dict, _number_however_long)
    if _may_be_deep(raw) and _is_deeper(document, DEEPEST):
        raise _too_deep(what)
    return document


def _may_be_deep(raw: bytes) -> bool:
    return raw.count(b"[") + raw.count(b"{") > DEEPEST


def _is_deeper(document: Any, levels: int) -> bool:
    """Look level by level, at most so many: without recursion, which a document could lead anywhere."""
    level = [document]
    for _ in range(levels + 1):
        level = [one for one in level if isinstance(one, dict | list)]
        if not level:
            return False
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    return True


def _load(
    text: str, what: str, make_object: Callable[[list[tuple[str, Any]]], dict[str, Any]], make_integer: Callable[[str], float] = int
) -> Any:
    try:
        return json.loads(text, object_pairs_hook=make_object, parse_int=make_integer, parse_constant=_no_constant)
    except RecursionError:
        raise _too_deep(what) from None
    except json.JSONDecodeError as error:
        raise RequestInvalid(f"{what} is no JSON: {error.msg}, at line {error.lineno}, column {error.colno}") from None
    except ValueError:  # an integer of thousands of digits, which Python does not even convert
        raise RequestInvalid(f"{what} holds a number out of range") from None


def _number_however_long(digits: str) -> float:
    """Convert what no order could hold: a number of thousands of digits costs its own line, not the cart (as 1e400 does)."""
    return int(digits) if len(digits) <= LONGEST_INTEGER else float(digits)


def _too_deep(what: str) -> RequestInvalid:
    return RequestInvalid(f"{what} is nested deeper than {DEEPEST} levels")


def _text(raw: bytes, what: str) -> str:
    body = raw.removeprefix(BOM)
    if not body.strip():
        raise RequestInvalid(f"{what} is empty; a JSON document is needed")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestInvalid(f"{what} is not UTF-8: byte {error.start + 1} cannot be read") from None


def _no_key_twice(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    keys = [key for key, _ in pairs]
    twice = next(key for key in keys if keys.count(key) > 1)
    raise RequestInvalid(f"the field {_shown((twice,))} occurs twice in one object")


def _no_constant(name: str) -> NoReturn:
    raise RequestInvalid(f"{name} is no JSON number")


def _is_sound(raw: bytes, document: Any) -> bool:
    """Look for anything that `_examine` would refuse."""
    if _may_be_deep(raw) and _is_deeper(document, DEEPEST):
        return False
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if "\0" in value or not (value.isascii() or _HALF.search(value) is None):
                return False
        elif isinstance(value, dict):
            waiting += value.values()
            waiting += value
        elif isinstance(value, list):
            waiting += value
        elif value is not None and not -LARGEST <= value <= LARGEST:  # NaN is not either
            return False
    return True


def _examine(value: Any, path: Path, what: str) -> None:
    """Walk the whole document; raises RequestInvalid at the first value that cannot be kept as it stands."""
    if isinstance(value, dict):
        _deepen(path, what)
        for key, inner in value.items():
            _examine_text(key, (*path, key), what)
            _examine(inner, (*path, key), what)
    elif isinstance(value, list):
        _deepen(path, what)
        for position, inner in enumerate(value):
            _examine(inner, (*path, position), what)
    elif isinstance(value, str):
        _examine_text(value, path, what)
    elif isinstance(value, float | int):
        _examine_number(value, path, what)


def _deepen(path: Path, what: str) -> None:
    if len(path) >= DEEPEST:
        raise _too_deep(what)


def _examine_text(text: str, path: Path, what: str) -> None:
    if "\0" in text:
        raise RequestInvalid(f"{what}: {_shown(path)} holds the character NUL")
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise RequestInvalid(f"{what}: {_shown(path)} holds half of a surrogate pair")


def _examine_number(number: float, path: Path, what: str) -> None:
    if not math.isfinite(number) or abs(number) > LARGEST:
        raise RequestInvalid(f"{what}: {_shown(path)} is a number out of range")


def _shown(path: Path) -> str:
    """`[0].items[2].price`, short and printable."""
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path[:DEEPEST])
    shown = steps.removeprefix(".").encode("ascii", "backslashreplace").decode().replace("\0", "\\0")
    return shown if len(shown) <= LONGEST_PATH else f"{shown[:LONGEST_PATH]}…"
