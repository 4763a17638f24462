"""What of VTEX's documents is a person's, and how it looks masked."""

from __future__ import annotations

import re
from typing import Any

from connector.log import redact

OPEN = frozenset({"country", "state", "city", "addressType", "addressId", "locale", "documentType", "isCorporate"})
"""Of a person's fields, those that say nothing of who it is."""
SECTIONS = frozenset(
    {"clientProfileData", "address", "selectedAddresses", "paymentData", "clientPreferencesData", "customData", "contactInformation"}
)
MASK = "***"
_CPF = re.compile(r"\d{11}")
_SHOWN_OF_A_POSTAL_CODE = 5


def masked(section: Any) -> Any:
    """Mask a person's section: of a CPF the middle is shown, of a postal code the beginning, of the rest nothing."""
    return _masked(section, "")


def _masked(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {str(key): _masked(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner, name) for inner in value]
    if value in ("", None) or isinstance(value, bool) or name in OPEN:
        return value
    return _hidden(str(value), name)


def _hidden(text: str, name: str) -> str:
    if name == "document" and _CPF.fullmatch(text):
        return f"***.{text[3:6]}.{text[6:9]}-**"
    if name == "postalCode":
        return text[:_SHOWN_OF_A_POSTAL_CODE] + MASK
    return MASK


def masked_order(raw: Any) -> Any:
    """Mask an order as VTEX sent it: a person's sections, and what looks like a person's in any other text."""
    if isinstance(raw, dict):
        return {key: masked(inner) if key in SECTIONS else masked_order(inner) for key, inner in raw.items()}
    if isinstance(raw, list):
        return [masked_order(inner) for inner in raw]
    return redact(raw) if isinstance(raw, str) else raw
