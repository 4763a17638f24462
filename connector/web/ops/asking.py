"""One question to the console: who asks, in which language, and for what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import falcon

from connector.app import App
from connector.web.ops.speech import Speech
from connector.web.ops.visitors import Visitor

LARGEST_NUMBER = 2**53


@dataclass(frozen=True, slots=True)
class Ask:
    """`place` is the page's name, `sent` the fields of its address."""

    app: App
    req: falcon.Request
    place: str
    visitor: Visitor
    speech: Speech
    sent: dict[str, str]

    def text(self, name: str) -> str:
        """Return a field of the address; "" where it is not there."""
        return self.sent.get(name, "")

    def number(self, name: str) -> int | None:
        """Return a field that is a whole number; None for anything else."""
        text = self.text(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 17 and int(text) < LARGEST_NUMBER else None  # noqa: PLR2004 - digits that 64 bits hold


@dataclass(frozen=True, slots=True)
class Page:
    """What a page shows: its template and its facts."""

    template: str
    facts: dict[str, Any] = field(default_factory=dict)
    status: str = falcon.HTTP_200


def sent_with(req: falcon.Request) -> dict[str, str]:
    """Return the fields of an address, the last of each name."""
    found = parse_qs(req.query_string[:4000], keep_blank_values=True, max_num_fields=50, errors="replace")
    return {name: values[-1] for name, values in found.items()}
