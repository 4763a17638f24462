"""A call as it arrived or was made, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connector.sandbox.rules import Violation

Body = dict[str, Any]
Answer = tuple[int, Any]
"""A status, and a document or None."""


@dataclass(frozen=True)
class Call:
    """One request as it arrived. `parts` are the path's segments, decoded one by one; `path` is as it was sent."""

    method: str
    path: str
    parts: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass
class Exchange:
    """A call and its answer. `by` is who called: the seller, or the marketplace; status 0 is no answer at all."""

    by: str
    at: datetime
    call: Call
    status: int
    answer: Any
    note: str = ""
    seconds: float = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    number: int = 0

    @property
    def is_done(self) -> bool:
        return self.status in range(200, 300)

    def as_dict(self) -> dict[str, Any]:
        """Return it as a document; credentials stay out."""
        violations = [{"rule": v.rule, "found": v.found} for v in self.violations]
        call = {"method": self.call.method, "path": self.call.path, "query": dict(self.call.query), "body": self.call.body}
        return {
            "number": self.number,
            "by": self.by,
            "at": self.at.isoformat(timespec="milliseconds"),
            **call,
            "status": self.status,
            "answer": self.answer,
            "note": self.note,
            "milliseconds": round(self.seconds * 1000),
            "violations": violations,
        }


def document(raw: bytes) -> Any:
    """Read JSON; what is none is returned as text, and nothing as None."""
    try:
        return json.loads(raw) if raw.strip() else None
    except (ValueError, RecursionError):
        return raw.decode("utf-8", "replace")


def is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
