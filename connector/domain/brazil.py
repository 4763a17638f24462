"""Brazil's numbers: CPF, CNPJ (with letters since July 2026), CEP and the NF-e's access key."""

from __future__ import annotations

import re

from stdnum.br import cnpj, cpf

_CEP = re.compile(r"[0-9]{5}-?[0-9]{3}")
_NFE_KEY = re.compile(r"[0-9]{6}[0-9A-Z]{12}[0-9]{26}")
_STATES = re.compile(r"1[1-7]|2[1-9]|3[1235]|4[123]|5[0123]")
NFE_MODELS = ("55", "65")


def is_cpf(text: str) -> bool:
    """Say whether a text is a CPF with right check digits, with or without its dots and hyphen."""
    return text.isascii() and bool(cpf.is_valid(text))


def is_cnpj(text: str) -> bool:
    """Say whether a text is a CNPJ with right check digits, its letters included (nota técnica conjunta 2025.001)."""
    return text.isascii() and bool(cnpj.is_valid(text))


def document(text: str) -> str:
    """Return a CPF's or CNPJ's digits and letters alone, letters in capitals."""
    return re.sub(r"[^0-9A-Z]", "", text.upper())


def cep(text: str) -> str | None:
    """Return a CEP's eight digits; None where it is none."""
    found = _CEP.fullmatch(text.strip())
    return found[0].replace("-", "") if found else None


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
