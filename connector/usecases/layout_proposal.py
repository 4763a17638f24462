"""A proposed layout as TOML that a person reads, corrects and saves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from connector.feeds.guessing import Guess

SHOWN = 3
LONGEST = 24
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_MARKS = {",": "comma", ".": "point"}


def proposal(guess: Guess, file: str, feed: str) -> str:
    """Write a guess as a layout file: what is sure as keys, what a person has to say as comments."""
    return "\n".join([*_head(guess, file, feed), *_keys(guess), *_columns(guess), *_joins(guess), *_values(guess), *_units(guess)]) + "\n"


def _head(guess: Guess, file: str, feed: str) -> Iterator[str]:
    yield f"# Proposed for {_comment(file)} as {feed}, by its columns' names and values: read it through, then save it as"
    yield "# config/layouts/NAME.toml and look at what it makes of the file:"
    yield f"#   connector layout try {_comment(file)} --feed {feed} --layout NAME"
    for name in _lacking(guess):
        yield f"# STILL MISSING: {name}, which {feed} requires: name its column below, or write the same for every row under [constants]."
    if guess.repeated:
        yield f"# LOOK: {_comment(guess.repeated)} stands in more than one row, but an SKU may have one only. Is another column part of it?"
        yield '# Then give "sku" no column under [columns], and join it: sku = "{THIS COLUMN}-{THE OTHER}" under [joins].'
    yield ""


def _lacking(guess: Guess) -> list[str]:
    return [name for name in guess.missing if name != "product_id" or "sku" not in guess.places]


def _keys(guess: Guess) -> Iterator[str]:
    sample = guess.sample
    if sample.delimiter:
        yield f"delimiter = {_quoted(sample.delimiter)}"
        yield (
            f'encoding = "{sample.encoding}"'
            if _shows_encoding(guess)
            else "# no letter in the file shows its encoding: found out per file"
        )
    if guess.decimal and sample.delimiter:
        yield f'decimal = "{guess.decimal}"  # the numbers have a decimal {_MARKS[guess.decimal]}'
    if guess.dates:
        yield f'dates = "{guess.dates}"'
    yield ""


def _shows_encoding(guess: Guess) -> bool:
    return not all(text.isascii() for texts in (guess.sample.names, *guess.sample.columns) for text in texts)


def _columns(guess: Guess) -> Iterator[str]:
    lines = [_column(guess, ours, at) for ours, at in sorted(guess.places.items(), key=lambda place: place[1])]
    left = [_left(guess, at, ours) for at, ours in guess.others.items() if guess.sample.names[at]]
    if guess.sample.has_header:
        yield "[columns]  # their name = our name  # the first values"
    else:
        yield ("" if any(lines) else "# ") + "[positions]  # our name = the column's place in a file without header  # the first values"
    yield from [line for line in lines if line]
    yield from left
    yield ""


def _column(guess: Guess, ours: str, at: int) -> str:
    theirs = guess.sample.names[at]
    if not guess.sample.has_header:
        return f"{_key(ours)} = {at + 1}  # {_examples(guess, at)}"
    return f"{_quoted(theirs)} = {_quoted(ours)}  # {_examples(guess, at)}"


def _left(guess: Guess, at: int, ours: str) -> str:
    meant = f"{ours}? that is taken from another column" if ours else "ignored"
    if not guess.sample.has_header:
        return f"# … = {at + 1}  # {meant}: {_examples(guess, at)}"
    return f'# {_quoted(guess.sample.names[at])} = "…"  # {meant}: {_examples(guess, at)}'


def _joins(guess: Guess) -> Iterator[str]:
    if "product_id" not in guess.missing or "sku" not in guess.places:
        return
    name = guess.sample.names[guess.places["sku"]] if guess.sample.has_header else "sku"
    if not {"{", "}"}.intersection(name):
        yield "[joins]  # no column names the product that an SKU is a variant of: each SKU is a product of its own"
        yield f"product_id = {_quoted(f'{{{name}}}')}"
        yield ""


def _values(guess: Guess) -> Iterator[str]:
    for ours, replaced in guess.values.items():
        yield f"[values.{_key(ours)}]  # their value = our value"
        yield from (f"{_quoted(theirs)} = {_quoted(value)}" for theirs, value in replaced.items())
        yield ""
    if _lacking(guess):
        yield "# [constants]"
        yield from (f'# {name} = "…"' for name in _lacking(guess))
        yield ""


def _units(guess: Guess) -> Iterator[str]:
    if guess.units:
        yield "[units]  # guessed by names and values: is it so?"
        yield from (f'{_key(ours)} = "{unit}"  # {_examples(guess, guess.places[ours])}' for ours, unit in guess.units.items())
    if guess.may_be_cents:
        if not guess.units:
            yield "# [units]"
        for ours in guess.may_be_cents:
            first = next(text for text in guess.texts(ours) if text)
            yield f'# {_key(ours)} = "cents"  # where {_comment(first)} means {int(first) / 100:.2f}'


def _examples(guess: Guess, at: int) -> str:
    seen = list(dict.fromkeys(text for text in guess.sample.columns[at] if text))
    return ", ".join(map(_comment, _short(seen[:SHOWN]))) or "empty in the first rows"


def _short(texts: Iterable[str]) -> list[str]:
    return [text if len(text) <= LONGEST else f"{text[:LONGEST]}…" for text in texts]


def _quoted(text: str) -> str:
    """Write a TOML string; JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quoted(name)


def _comment(text: str) -> str:
    """Write a text into a comment: what does not print would end it, or TOML forbids it."""
    return text if text.isprintable() else repr(text)[1:-1]
