"""How much is measured, and where what is made for it lies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

MILLION = 1_000_000
UNITS = {"K": 1_000, "M": MILLION}


@dataclass(frozen=True, slots=True)
class Terms:
    """`size` is the number of SKUs, `large` that of the large one (0: left out), `work` the folder of what is kept between runs.

    `seconds` is the length of one slice of load, `only` words that a piece of work must have to be measured.
    """

    size: int
    large: int
    rounds: int
    work: Path
    seconds: float = 1.0
    only: str = ""

    def wants(self, work: str) -> bool:
        """Say whether a piece of work is among those that were asked for."""
        return self.only in work

    def few(self, rounds: int) -> Terms:
        """Return the same with no more rounds than this."""
        return replace(self, rounds=min(self.rounds, rounds))


def read_size(text: str) -> int:
    """Read 1M, 100K or 20000. Raises ValueError."""
    unit = UNITS.get(text[-1:].upper())
    return int(float(text[:-1]) * unit) if unit else int(text)


def amount(size: int) -> str:
    """Write 1000000 as 1 M."""
    unit = next((name for name in ("M", "K") if size >= UNITS[name] and not size % (UNITS[name] // 10)), "")
    return f"{size / UNITS[unit]:g} {unit}" if unit else str(size)
