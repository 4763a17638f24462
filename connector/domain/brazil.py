"""Brazil's invoices: the NF-e's access key, and the invoice's number in it."""

from __future__ import annotations

import re

_NFE_KEY = re.compile(r"[0-9]{6}[0-9A-Z]{12}[0-9]{26}")
_STATES = re.compile(r"1[1-7]|2[1-9]|3[1235]|4[123]|5[0123]")
NFE_MODELS = ("55", "65")


def is_nfe_key(key: str) -> bool:
    """Say whether a text is an NF-e's access key: 44 digits (letters in its CNPJ), state, model and check digit right."""
    if not _NFE_KEY.fullmatch(key) or not _STATES.match(key) or key[20:22] not in NFE_MODELS:
        return False
    return key[-1] == _check_digit(key[:-1])


def nfe_number(key: str) -> str:
    """Return the invoice's number that an access key holds, without leading zeros."""
    return key[25:34].lstrip("0")


def _check_digit(body: str) -> str:
    """Modulo 11, weights 2 to 9 from the right; a character counts as its code less 48, so that A is 17."""
    total = sum((ord(letter) - 48) * (2 + at % 8) for at, letter in enumerate(reversed(body)))
    rest = total % 11
    return "0" if rest < 2 else str(11 - rest)  # noqa: PLR2004 - the rule's own number
