"""Keys as text: how a row's key is stored and shown."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST_KEY = 255
"""Letters of a key's part: three parts in UTF-8, with what is escaped in them, fit the 2,704 bytes of a row in PostgreSQL's indexes."""


def width(text: str) -> int:
    """Count letters, those outside Unicode's first plane (emoji) twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str) -> str:
    """Return as much of a text as a key's part may be long."""
    if width(text) <= LONGEST_KEY:
        return text
    return text.encode("utf-16-le", "surrogatepass")[: 2 * LONGEST_KEY].decode("utf-16-le", "ignore")


def key_text(parts: Sequence[str]) -> str:
    """Write a key as one text: a single part as it is, several joined by "/" ("%" and "/" in them escaped as in addresses)."""
    if len(parts) == 1:
        return parts[0]
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def key_parts(text: str, count: int) -> tuple[str, ...]:
    """Read back what `key_text` wrote of so many parts."""
    if count == 1:
        return (text,)
    return tuple(part.replace("%2F", "/").replace("%25", "%") for part in text.split("/"))


def shown(text: str, count: int) -> str:
    """Show a key of so many parts to people: empty parts at its end say nothing ("A1//" is the price of A1 everywhere)."""
    return text if count == 1 else text.rstrip("/")
