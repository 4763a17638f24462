"""Which of a file's columns are which of ours, by their names and by what their values look like. A proposal, for a person to confirm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.feeds import dates, looks, values
from connector.feeds.columns import Column
from connector.feeds.erp_names import TURNED_ROUND, plain, rank
from connector.feeds.feed import Feed
from connector.formats.numbers import evidence
from connector.formats.sampling import Sample

_YES = {"A", "ATIVO", "Y", "YES", "T", "TYES", "V", "VERDADEIRO", "LIBERADO"}
_NO = {"I", "INATIVO", "F", "TNO", "NO", "FALSO", "B", "BLOQUEADO"}
_TURNED = {"1": "0", "0": "1", "2": "1", "S": "0", "N": "1", "SIM": "0", "NAO": "1", "Y": "0"}
_WORDS = {
    "accepted": {"A", "ACEITO", "APROVADO", "OK", "INTEGRADO"},
    "rejected": {"R", "RECUSADO", "REJEITADO", "REPROVADO", "ERRO"},
    "Output": {"S", "SAIDA", "OUT"},
    "Input": {"E", "ENTRADA", "DEVOLUCAO", "IN"},
}
_MEASURES: dict[Callable[..., Any], str] = {values.grams_of_kg: "weight", values.length: "length", values.money: "money"}
_LOOKS: dict[str, looks.Looks] = {
    "ean": looks.is_gtin,
    "invoice_key": looks.is_invoice_key,
    "images": looks.is_address,
    "tracking_url": looks.is_address,
}


@dataclass(slots=True)
class Guess:
    """What is proposed. `places`: our name -> the file's column, `others`: columns left over -> what they might have been ("": unknown).

    `repeated` is a key that stands in more than one row, "" where none was seen.
    """

    sample: Sample
    places: dict[str, int] = field(default_factory=dict)
    others: dict[int, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    decimal: str = ""
    dates: str = ""
    units: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    may_be_cents: list[str] = field(default_factory=list)
    repeated: str = ""

    def texts(self, ours: str) -> Sequence[str]:
        """Return the texts of the column that is one of ours."""
        return self.sample.columns[self.places[ours]]


def guess(feed: Feed, sample: Sample) -> Guess:
    """Propose which columns are the feed's, and how their values are written."""
    found = Guess(sample, _by_name(feed, sample.names))
    for column in feed.columns:
        if column.name not in found.places and (at := _by_values(column, found, sample)) is not None:
            found.places[column.name] = at
    taken = set(found.places.values())
    found.others = {at: _also(feed, name) for at, name in enumerate(sample.names) if at not in taken and feed.group(name) is None}
    found.missing = [column.name for column in feed.columns if column.required and column.name not in found.places]
    for column in feed.columns:
        if column.name in found.places:
            _look_at(column, found)
    marks = {mark for c in feed.columns if c.is_number and c.name in found.places for mark in looks.marks(found.texts(c.name))}
    found.decimal = next(iter(marks)) if len(marks) == 1 else ""
    found.repeated = _repeated(feed, found)
    return found


def _repeated(feed: Feed, found: Guess) -> str:
    """Return an SKU that stands in two rows where each should have one; of invoices and the like, rows of one key belong together."""
    if "sku" not in feed.key or "sku" not in found.places:
        return ""
    keys = Counter(zip(*(found.texts(name) for name in feed.key if name in found.places), strict=True))
    return next((key[0] for key, count in keys.items() if count > 1 and key[0]), "")


def _by_name(feed: Feed, names: Sequence[str]) -> dict[str, int]:
    """Give each column of ours the likeliest of theirs; one of theirs is given once, to the column that it is likeliest for."""
    ranked = [
        (likelihood, order, at, column.name)
        for order, column in enumerate(feed.columns)
        for at, name in enumerate(names)
        if (likelihood := -1 if name.casefold() == column.name.casefold() else rank(column.name, name)) is not None
    ]
    places: dict[str, int] = {}
    for _, _, at, ours in sorted(ranked):
        if ours not in places and at not in places.values():
            places[ours] = at
    return places


def _by_values(column: Column, found: Guess, sample: Sample) -> int | None:
    look = _LOOKS.get(column.name)
    if not sample.has_header and look is None:
        look = _in_a_bare_file(column)
    if look is None:
        return None
    free = [at for at in range(len(sample.names)) if at not in found.places.values() and looks.mostly(sample.columns[at], look)]
    return free[0] if free else None


def _in_a_bare_file(column: Column) -> looks.Looks | None:
    """Without names the first column is taken for the key, the first amount for the price, the first whole number for the quantity."""
    if column.name in ("sku", "order_id"):
        return bool
    if column.required and column.read is values.money:
        return lambda text: evidence(text) in (",", ".", "?")
    if column.required and column.read is values.quantity:
        return lambda text: text.lstrip("-").isdigit()
    return None


def _also(feed: Feed, name: str) -> str:
    return next((column.name for column in feed.columns if rank(column.name, name) is not None), "")


def _look_at(column: Column, found: Guess) -> None:
    """Find out how the values of one column are written."""
    theirs, texts = found.sample.names[found.places[column.name]], found.texts(column.name)
    measure = _MEASURES.get(column.read)
    if measure and (unit := looks.unit(theirs, texts, measure)):
        found.units[column.name] = unit
    elif measure == "money" and looks.may_be_cents(texts):
        found.may_be_cents.append(column.name)
    if column.read in (dates.instant, dates.until):
        found.dates = found.dates or looks.dates(texts)
    replaced = _replaced(column, theirs, texts)
    if replaced:
        found.values[column.name] = replaced


def _replaced(column: Column, theirs: str, texts: Sequence[str]) -> dict[str, str]:
    """Return which of a column's texts are to be replaced by which of ours."""
    there = sorted({text.casefold(): text for text in texts if text}.values())
    if column.read in (dates.instant, dates.until):
        return dict.fromkeys(looks.empty_dates(texts), "")
    if column.read is values.flag and plain(theirs) in TURNED_ROUND:
        return {text: _TURNED[plain(text)] for text in there if plain(text) in _TURNED}
    if column.read is values.flag:
        return {text: "1" if plain(text) in _YES else "0" for text in there if plain(text) in _YES | _NO}
    if column.name in ("status", "type"):
        return {text: word for text in there for word, said in _WORDS.items() if plain(text) in said and text != word}
    return {}
