"""Where in the console a person goes on: the page that does what a command does which a story names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Lead:
    """`section` is the page's name in the navigation."""

    address: str
    section: str


PLACES = (
    (re.compile(r"connector held show ([0-9]+)"), "hold", "id", "held"),
    (re.compile(r"connector why (\S+)"), "order", "id", "orders"),
    (re.compile(r"connector dead-letters "), "letters", "", "letters"),
    (re.compile(r"connector (?:resume|pause) "), "marketplaces", "", "marketplaces"),
    (re.compile(r"connector run "), "jobs", "", "jobs"),
)


def lead(todo: str) -> Lead | None:
    """Return where the command that a sentence names has its button; None where it names none, or one without."""
    for command, page, field, section in PLACES:
        found = command.search(todo)
        if found:
            return Lead(f"{page}?{urlencode({field: found[1]})}" if field else page, section)
    return None
