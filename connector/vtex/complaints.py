"""What a marketplace says when it refuses: VTEX's services each have their own shape of an error (facts §0.6)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

_LONGEST = 300
_DEEPEST = 4
_CODES = ("code", "errorcode")
_MESSAGES = ("message", "errormessage", "error_description", "detail", "title", "error")
_INNER = ("error", "errorresponse", "data", "errors")


@dataclass(frozen=True, slots=True)
class Complaint:
    """The code (may be empty) and the message (may be empty) of a refusal, cleaned and cut for people."""

    code: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.code, self.message) if part)


def complaint(text: str, headers: Mapping[str, str]) -> Complaint:
    """Dig code and message out of an error's body, of any of VTEX's shapes, else out of its headers; never raises."""
    document = parsed(text)
    code = _first(document, _CODES) or _header(headers, "x-vtex-error-code")
    message = _first(document, _MESSAGES) or _header(headers, "x-vtex-error-message") or _plain_text(text, document)
    return Complaint(one_line(code, 40), one_line(message, _LONGEST))


def parsed(text: str) -> Any:
    """Return the JSON document that a text holds, or None."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def is_web_page(text: str) -> bool:
    """Tell a web page (a proxy's, a log-in's) from an answer of VTEX's."""
    return text.lstrip("\ufeff \t\r\n").startswith("<")


def _first(document: Any, names: tuple[str, ...]) -> str:
    """Return the first scalar under one of the names, names compared without case, the outermost first."""
    for layer in _layers(document, _DEEPEST):
        for name in names:
            value = layer.get(name)
            if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip():
                return str(value)
    return ""


def _layers(document: Any, depth: int) -> Iterator[dict[str, Any]]:
    if isinstance(document, list):
        document = document[0] if document else None
    if not isinstance(document, dict) or not depth:
        return
    layer = {str(name).lower(): value for name, value in document.items()}
    yield layer
    for name in _INNER:
        yield from _layers(layer.get(name), depth - 1)


def _header(headers: Mapping[str, str], name: str) -> str:
    value = next((value for key, value in headers.items() if key.lower() == name), "")
    return unquote(value, errors="replace")


def _plain_text(text: str, document: Any) -> str:
    if isinstance(document, str):
        return document
    if is_web_page(text):
        title = re.search(r"<title[^>]*>([^<]*)", text[:10_000], re.IGNORECASE)
        return f"a web page{f' titled {title[1].strip()!r}' if title else ''}"
    return text if document is None else ""


def one_line(text: str, longest: int) -> str:
    """Make one printable line: what a marketplace sends ends in logs, terminals and pages."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * longest]).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
