"""What names one person, found in texts however an ERP writes it: in capitals, without accents, a telephone without its country."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from unicodedata import category, combining, normalize

from connector.domain.personal import MASK

LEAST_NAME = 8
"""Letters of a full name: a shorter one occurs in words of others."""
LEAST_PHONE_DIGITS = 8
LEAST_DOCUMENT = 8
"""Letters of a document or an order's number: less than that occurs in numbers of others."""
BRAZIL = "55"
GROUPS = {11: (3, 3, 3, 2), 14: (2, 3, 3, 4, 2)}
"""How a CPF and a CNPJ are parted by dots and dashes."""
POINT = "[ ./-]{0,2}"
GAP = "[ ()./+_-]{0,3}"
BETWEEN_WORDS = '[ \\t;,|"]+'
"""Also a column's end: the given name may stand in one, the others in the next."""
APOSTROPHE = "['´`’ ]?"
A_DAY = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Naming:
    """Patterns for folded texts (`folded`), each of which names the person."""

    patterns: tuple[re.Pattern[str], ...]

    def is_in(self, value: Any) -> bool:
        """Say whether a text names the person, or any text of a document."""
        if isinstance(value, Mapping):
            return any(self.is_in(inner) for inner in value.values())
        if isinstance(value, list):
            return any(self.is_in(inner) for inner in value)
        if not isinstance(value, str):
            return False
        plain = folded(value)
        return any(pattern.search(plain) for pattern in self.patterns)

    def without(self, value: Any) -> Any:
        """Put *** in the place of what names the person; in a text, or in all texts of a document."""
        if isinstance(value, Mapping):
            return {key: self.without(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.without(inner) for inner in value]
        if isinstance(value, str):
            for pattern in self.patterns:
                value = _masked(value, pattern)
        return value


def naming(
    people: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]], documents: Collection[str], numbers: Collection[str] = ()
) -> Naming:
    """Return what names a person: documents, and of each client and address e-mail, telephones, full name, company, receiver.

    `numbers` are those of orders, which name it where they stand alone.
    """
    found = {_document(document) for document in documents if len(document) >= LEAST_DOCUMENT}
    found |= {_number(folded(number)) for number in numbers if len(number) >= LEAST_DOCUMENT}
    for client, address in people:
        found |= set(_of_one(client, address))
    with_the_longest_first = sorted(found, key=lambda text: ("(?<" in text, -len(text), text))  # numbers without their area last
    return Naming(tuple(map(re.compile, with_the_longest_first)))


def _document(document: str) -> str:
    plain, parts, start = folded(document), [], 0
    for length in GROUPS.get(len(plain), (len(plain),)):
        parts.append(re.escape(plain[start : start + length]))
        start += length
    return POINT.join(parts)


def _number(number: str) -> str:
    plain = re.escape(number)
    return f"{plain}(?<![0-9a-z]{plain})(?![0-9a-z])"


def _of_one(client: Mapping[str, Any], address: Mapping[str, Any]) -> Iterator[str]:
    email = str(client.get("email") or "").strip()
    if "@" in email:
        yield re.escape(folded(email))
    for name in ("document", "corporateDocument", "stateInscription"):
        bare = re.sub("[^0-9A-Za-z]", "", str(client.get(name) or ""))
        if len(bare) >= LEAST_DOCUMENT and not bare.isalpha():  # a company without a state's number is ISENTO
            yield _document(bare) if len(bare) in GROUPS else POINT.join(folded(bare))
    for name in ("phone", "homePhone", "corporatePhone"):
        yield from _telephone(str(client.get(name) or ""))
    full = " ".join(str(client.get(name) or "").strip() for name in ("firstName", "lastName"))
    companies = (str(client.get(name) or "") for name in ("corporateName", "tradeName"))
    for name in (full, *companies, str(address.get("receiverName") or "")):
        words = folded(name).split()
        if len(words) > 1 and len(" ".join(words)) >= LEAST_NAME:
            yield BETWEEN_WORDS.join(APOSTROPHE.join(map(re.escape, re.split("['´`’]", word))) for word in words)


# ── telephones ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _telephone(text: str) -> Iterator[str]:
    """Yield the number with its area, anywhere; and without, where it stands alone and is no day, nor one digit all along."""
    digits = re.sub("[^0-9]", "", text).lstrip("0")
    if len(digits) in (12, 13):
        digits = digits.removeprefix(BRAZIL)
    if len(digits) not in (10, 11):
        if len(digits) >= LEAST_PHONE_DIGITS:
            yield GAP.join(digits)
        return
    area, first, last = digits[:2], digits[-8:-4], digits[-4:]
    nine = f"9?{GAP}" if digits[-8] in "6789" else ""  # mobile numbers had eight digits once
    yield f"{area}{GAP}{nine}{first}{GAP}{last}"
    if not A_DAY.fullmatch(first + last) and len(set(first + last)) > 1:
        yield f"{first}{_alone(nine)}{GAP}{last}(?![0-9])"


def _alone(nine: str) -> str:
    """Say, after four digits, that no other digit stands before them but the nine of a mobile number: a pattern's own beginning is found
    quickly only where it is plain text.
    """
    before = ["(?<![0-9].{4})"]
    before += ["(?<=(?<![0-9])9.{4})", "(?<=(?<![0-9])9[ .-].{4})"] if nine else []
    return f"(?:{'|'.join(before)})"


# ── texts as they are compared ──────────────────────────────────────────────────────────────────────────────────────────
class _Plain(dict[int, str]):
    """What becomes of each letter: without accents, small; of any space and dash a plain one."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        kind = category(letter)
        plain = " " if kind == "Zs" else "-" if kind == "Pd" else "".join(c for c in normalize("NFKD", letter) if not combining(c))
        self[code] = plain.casefold()
        return self[code]


PLAIN = _Plain()


def folded(text: str) -> str:
    """Return a text as it is compared: no accents, no capitals."""
    return text.lower() if text.isascii() else text.translate(PLAIN)


def _masked(text: str, pattern: re.Pattern[str]) -> str:
    plain = folded(text)
    if not pattern.search(plain):
        return text
    origins = [place for place, letter in enumerate(text) for _ in folded(letter)] + [len(text)]
    pieces, done = [], 0
    for found in pattern.finditer(plain):
        start, end = origins[found.start()], max(origins[found.end()], origins[found.end() - 1] + 1)
        pieces += [text[done:start], MASK]
        done = end
    return "".join([*pieces, text[done:]])
