"""Keys as text: how a row's key is stored and shown."""

from __future__ import annotations

from collections.abc import Sequence


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
