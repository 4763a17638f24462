"""What settings hold, as errors may say it: addresses without who logs in, and nothing that looks like a password."""

from __future__ import annotations

import re

MASK = "***"
SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")
PLACE = re.compile(r"(\[[0-9A-Fa-f:.]*\]|[^:/?#\s]*)(:[0-9]{0,5})?(/[^:?#]*)?")
NAMED = re.compile(r"(?i)(passw|pwd|token|secret)\w*\s*=")


def masked(text: str) -> str:
    """Return a value without the user info of an address, and without what cannot be told from it: a query, an odd port."""
    if NAMED.search(text):
        return MASK
    match = SCHEME.match(text)
    if match is not None:
        return match[0] + _masked_rest(text[match.end() :])
    login, at, place = text.rpartition("@")
    return f"{MASK}@{place}" if at and ":" in login else text


def _masked_rest(rest: str) -> str:
    """A password may hold any of `@/:?#`, written as it is: only what follows the last @ is shown, and only a plain host and path."""
    _, at, place = rest.rpartition("@")
    shown = place if "?" not in rest and PLACE.fullmatch(place) else MASK
    return f"{MASK}@{shown}" if at else shown
