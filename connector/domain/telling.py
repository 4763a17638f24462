"""A story told in sentences: of a SKU, of an order; and the one thing to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

NOTHING_TO_DO = "Nothing: all is as it should be."


@dataclass(frozen=True, slots=True)
class Sentence:
    """One fact; `topic` says what it is about (file, price, stock, listing, told, order …)."""

    topic: str
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """`about` is sku or order, `verdict` the whole in one sentence, `todo` the one thing to do; `facts` is what JSON knows of it."""

    about: str
    reference: str
    verdict: str
    sentences: tuple[Sentence, ...]
    todo: str
    facts: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        told = [{"topic": one.topic, "text": one.text} for one in self.sentences]
        return {"about": self.about, "reference": self.reference, "verdict": self.verdict, "story": told, "todo": self.todo} | self.facts


def clock(at: datetime | None, zone: tzinfo) -> str:
    """Write an instant as a person in the zone reads a clock."""
    return "never" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def listed(names: Sequence[str], most: int = 3) -> str:
    """Name some things, and count the rest."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def one_sentence(text: str) -> str:
    """Make free text a part of a sentence: no full stop, and no semicolon, which would begin another one."""
    return text.replace("; ", ", ").rstrip(".")
