"""Sentences in another language, by a catalogue: a message's id is its English sentence, with names in braces for what varies."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

_NAME = re.compile(r"\{([a-z]+)\}")
_REASON = "reason"
_ANY = "(?:(?!; ).)+?"
"""What stands in the place of a name; a semicolon begins another sentence."""
_BRACKET = re.compile(r" \(")
REMEMBERED = 10_000
LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Phrase:
    """One message: how its English sentence is known again, and the other language's, with the same names."""

    begins: str
    pattern: re.Pattern[str]
    other: str

    @staticmethod
    def of(english: str, other: str) -> Phrase:
        pieces = _NAME.split(english)
        pattern = "".join(f"(?P<{piece}>{_ANY})" if at % 2 else re.escape(piece) for at, piece in enumerate(pieces))
        return Phrase(pieces[0], re.compile(pattern, re.DOTALL), other)

    def filled(self, values: Mapping[str, str]) -> str:
        return _NAME.sub(lambda name: values[name[1]], self.other)


class Phrases:
    """The sentences of one language; English ones stay as they are where it has none."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self._words = {english: other for english, other in table.items() if not _NAME.search(english)}
        self._phrases = [Phrase.of(english, other) for english, other in table.items() if english not in self._words]
        self._known = lru_cache(REMEMBERED)(self._translated)

    def said(self, text: str) -> str:
        """Translate what can be of some sentences parted by semicolons; the others stay English."""
        return self.known(text) or "; ".join(self.known(part) or part for part in text.split("; "))

    def known(self, text: str) -> str | None:
        """Translate a text whole, or not at all: sentences parted by semicolons, a remedy in brackets, a column before a colon."""
        return self._known(text) if self._words and len(text) <= LONGEST else None

    def _translated(self, text: str) -> str | None:
        return self._words.get(text) or self._by_parts(text) or self._by_phrase(text)

    def _by_phrase(self, text: str) -> str | None:
        for phrase in self._phrases:
            if text.startswith(phrase.begins) and (found := phrase.pattern.fullmatch(text)):
                return phrase.filled({name: self.said(value) if name == _REASON else value for name, value in found.groupdict().items()})
        return None

    def _by_parts(self, text: str) -> str | None:
        for before, mark, after, end in _partings(text):
            first, second = self.known(before), self.known(after)
            if first is not None and second is not None:
                return f"{first}{mark}{second}{end}"
        column, colon, rest = text.partition(": ")
        found = self.known(rest) if colon and column.replace("_", "").isalnum() else None
        return None if found is None else f"{column}: {found}"


def _partings(text: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield the ways to part sentences: before, mark, after, and what stands at the end."""
    before, mark, after = text.partition("; ")
    if mark:
        yield before, mark, after, ""
    for found in _BRACKET.finditer(text) if text.endswith(")") else ():
        yield text[: found.start()], found[0], text[found.end() : -1], ")"


@lru_cache(maxsize=4)
def phrases(language: str) -> Phrases:
    """Return the sentences of a language, "en" for none but our own."""
    if language == "en":
        return Phrases({})
    text = resources.files("connector.formats").joinpath("phrases", f"{language}.toml").read_text(encoding="utf-8")
    return Phrases(tomllib.loads(text))
