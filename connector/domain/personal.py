"""Personal data: how much of a text may be shown to whoever need not know it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

MASK = "***"
SHOWN_WHOLE = frozenset({"country", "state", "addressType", "isCorporate", "documentType", "currencyCode", "locale"})
"""Fields of a client or an address that name nobody."""
CPF_DIGITS = 11


def masked(value: Any, name: str = "") -> Any:
    """Return a client, an address, or one text of them, as it may be shown: CPF `***.456.789-**`, e-mail `j***@g***`, telephone
    `***5826`, postal code `13476-***`, other texts by their words' first letters. Where somebody lives, in degrees, is not shown at all.
    """
    if isinstance(value, Mapping):
        return {key: masked(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked(inner, name) for inner in value]
    if isinstance(value, float):
        return MASK
    return value if not isinstance(value, str) or not value or name in SHOWN_WHOLE else _shown(value, name)


def _shown(text: str, name: str) -> str:
    digits = re.sub(r"[^0-9]", "", text)
    if "@" in text:
        user, _, host = text.partition("@")
        return f"{user[:1]}{MASK}@{host[:1]}{MASK}"
    if "hone" in name:
        return f"{MASK}{digits[-4:]}"
    if name == "postalCode":
        return f"{digits[:5]}-{MASK}"
    if name.lower().endswith("document") and len(digits) in (CPF_DIGITS, 14):
        return f"{MASK}.{digits[3:6]}.{digits[6:9]}-**" if len(digits) == CPF_DIGITS else f"**.{digits[2:5]}.{digits[5:8]}/****-**"
    return " ".join(_initials(text))


def _initials(text: str) -> Iterator[str]:
    yield from (f"{word[:1]}{MASK}" for word in text.split()[:3])
