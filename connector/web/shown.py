"""Values as a person reads them."""

from __future__ import annotations

STEPS = ((86_400, "d"), (3600, "h"), (60, "min"))


def age(seconds: float | None) -> str:
    """`93784.2` → `1 d 2 h`; never, where there is nothing to be old."""
    if seconds is None:
        return "never"
    left, parts = int(seconds), []
    for size, unit in STEPS:
        if left >= size:
            parts.append(f"{left // size} {unit}")
            left %= size
    return " ".join(parts[:2]) or f"{left} s"


def instant(text: str | None) -> str:
    """`2026-11-24T08:00:00+00:00` → `2026-11-24 08:00:00 UTC`."""
    return "–" if not text else text.replace("T", " ").replace("+00:00", " UTC")
