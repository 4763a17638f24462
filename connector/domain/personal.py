"""Personal data: the texts that name one person, and how much of such a text may be shown to whoever need not know it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

MASK = "***"
SHOWN_WHOLE = frozenset({"country", "state", "addressType", "isCorporate", "documentType", "currencyCode", "locale"})
"""Fields of a client or an address that name nobody."""
CPF_DIGITS = 11
LEAST_NAME = 8
"""Letters of a full name: a shorter one occurs in words of others."""
LEAST_PHONE_DIGITS = 8


def written_forms(document: str) -> set[str]:
    """Return a CPF or CNPJ in the ways it is written in files: with its zeros bare, and with dots and dashes."""
    bare = re.sub(r"[^0-9A-Za-z]", "", document).upper()
    if len(bare) > CPF_DIGITS:
        bare = bare.zfill(14)
        return {bare, f"{bare[:2]}.{bare[2:5]}.{bare[5:8]}/{bare[8:12]}-{bare[12:]}"}
    bare = bare.zfill(CPF_DIGITS)
    return {bare, f"{bare[:3]}.{bare[3:6]}.{bare[6:9]}-{bare[9:]}"}


def naming_texts(client: Mapping[str, Any], address: Mapping[str, Any]) -> set[str]:
    """Return what names a person beside the document: e-mail, telephones, full name, receiver."""
    found = {str(client.get(name) or "") for name in ("email", "phone", "homePhone", "corporatePhone")}
    found |= {re.sub(r"[^0-9]", "", text) for text in found if "@" not in text}
    full = " ".join(str(client.get(name) or "").strip() for name in ("firstName", "lastName")).strip()
    names = {full, str(client.get("corporateName") or ""), str(address.get("receiverName") or "")}
    return {text for text in found if "@" in text or len(text) >= LEAST_PHONE_DIGITS} | {name for name in names if _is_full_name(name)}


def _is_full_name(name: str) -> bool:
    return len(name) >= LEAST_NAME and " " in name.strip()


def without(value: Any, texts: Collection[str]) -> Any:
    """Put *** in the place of each of the texts, in whatever case, the longest first; in a text, or in all texts of a document."""
    if isinstance(value, Mapping):
        return {key: without(inner, texts) for key, inner in value.items()}
    if isinstance(value, list):
        return [without(inner, texts) for inner in value]
    if isinstance(value, str):
        for one in sorted(texts, key=len, reverse=True):
            value = re.sub(re.escape(one), MASK, value, flags=re.IGNORECASE)
    return value


# ── for people who look, and need not know ──────────────────────────────────────────────────────────────────────────────
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
