"""Sentences in another language, by a catalogue: a message's id is its English sentence, with names in braces for what varies."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

_NAME = re.compile(r"\{([a-z]+)\}")
_SPOKEN = frozenset({"reason", "why", "what", "limit", "feed", "kind", "kinds"})
"""The names whose values are sentences or words of ours, translated in their turn."""
_ANY = "(?:(?!; ).)+?"
"""What stands in the place of a name; a semicolon begins another sentence."""
_WORD = r"[^\s;]+"
_ONE_WORD = frozenset({"number", "id", "count", "all", "share", "sku", "days", "every", "minutes", "rows"})
"""The names in whose place one word stands."""
_AMOUNTS = frozenset({"share", "limit", "price", "offer", "amount", "open", "total", "paid", "off"})
_DECIMAL = re.compile(r"[0-9]+\.[0-9]{1,2}( %)?")
_MOMENTS = frozenset({"when", "then", "until", "day", "at"})
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})((?: [0-9]{2}:[0-9]{2})?)")
"""What stands in the place of these names is a number or a day of ours; of others it is what somebody wrote, and stays."""
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
        pattern = "".join(
            f"(?P<{piece}>{_WORD if piece in _ONE_WORD else _ANY})" if at % 2 else re.escape(piece) for at, piece in enumerate(pieces)
        )
        return Phrase(pieces[0], re.compile(pattern, re.DOTALL), other)

    def filled(self, values: Mapping[str, str]) -> str:
        return _NAME.sub(lambda name: _written(name[1], values[name[1]]), self.other)


def _written(name: str, value: str) -> str:
    """Write amounts, shares and days as the languages do that we translate into: 69,90, 97,9 %, 24/11/2026 12:01."""
    if name in _AMOUNTS and _DECIMAL.fullmatch(value):
        return value.replace(".", ",")
    day = _DAY.fullmatch(value) if name in _MOMENTS else None
    return f"{day[3]}/{day[2]}/{day[1]}{day[4]}" if day else value


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
        return self._words.get(text) or self._by_parts(text) or self._by_phrase(text) or self._before_a_stop(text)

    def _by_phrase(self, text: str) -> str | None:
        for phrase in self._phrases:
            if text.startswith(phrase.begins) and (found := phrase.pattern.fullmatch(text)):
                return phrase.filled({name: self.said(value) if name in _SPOKEN else value for name, value in found.groupdict().items()})
        return None

    def _before_a_stop(self, text: str) -> str | None:
        found = self.known(text[:-1]) if text.endswith(".") and not text.endswith("..") else None
        return None if found is None else f"{found}."

    def _by_parts(self, text: str) -> str | None:
        for before, mark, after, end in _partings(text):
            first, second = self.known(before), self.known(after)
            if first is not None and second is not None:
                return f"{first}{mark}{second}{end}"
        name, colon, rest = text.partition(": ")
        return self._named(name, rest) if colon else None

    def _named(self, name: str, rest: str) -> str | None:
        """Translate what is told of an event, whose name the catalogue has with its colon, or of a column, whose name stays."""
        found, label = self.known(rest), self._words.get(f"{name}:")
        if label:
            return f"{label} {found or rest}"
        return f"{name}: {found}" if found is not None and name.replace("_", "").isalnum() else None


def _partings(text: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield the ways to part sentences: before, mark, after, and what stands at the end."""
    before, mark, after = text.partition("; ")
    if mark:
        yield before, mark, after, ""
    for found in _BRACKET.finditer(text) if text.endswith(")") else ():
        yield text[: found.start()], found[0], text[found.end() : -1], ")"


CATALOGUES = {
    "en": (),
    "pt": ("pt",),
    "console.pt": ("pt", "console.pt"),
    "console.es": ("es", "console.es"),
    "why.pt": ("pt", "console.pt", "why.pt"),
    "why.es": ("es", "console.es", "why.es"),
}
"""Which files a catalogue is read from; a sentence of a later one counts."""


@lru_cache(maxsize=len(CATALOGUES))
def phrases(name: str) -> Phrases:
    """Return a catalogue: `en` has no sentences but our own."""
    return Phrases(_table(name))


def _table(name: str) -> dict[str, str]:
    table: dict[str, str] = {}
    for one in reversed(CATALOGUES[name]):
        table = table | tomllib.loads(resources.files("connector.formats").joinpath("phrases", f"{one}.toml").read_text(encoding="utf-8"))
    return table


# ── without what others wrote ───────────────────────────────────────────────────────────────────────────────────────────
LEFT_OUT = "…"
_OURS = frozenset({"line", "first", "count", "width", "needed", "size", "left", "status", "missing", "words", "example", "encoding"})
"""The names whose values are ours: numbers, and words of feeds and layouts. Of all others the log says nothing: they may be a person's."""


def own_words(text: str) -> str:
    """Say what of a text is ours, an ellipsis for the rest: sentences of the catalogue, without the values that stand in them."""
    return _own().known(text) or "; ".join(_own().known(part) or LEFT_OUT for part in text.split("; "))


@lru_cache(maxsize=1)
def _own() -> Phrases:
    ours = [english for english in _table("console.pt") if not english.endswith(":")]
    return Phrases({english: _NAME.sub(lambda name: name[0] if name[1] in _OURS else LEFT_OUT, english) for english in ours})
