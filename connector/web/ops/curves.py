"""Small plots as SVG: bars of whole numbers, heights and places only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 40
STEP, WIDTH = 10, 8
LEAST = 2


@dataclass(frozen=True, slots=True)
class Bar:
    x: int
    y: float
    height: float
    value: float


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of a plot `width` wide and `height` high."""

    bars: tuple[Bar, ...]
    width: int
    height: int = HEIGHT
    bar_width: int = WIDTH


def bars(values: Sequence[float]) -> Bars:
    """Draw values from left to right, the highest as high as the plot; what is there at all can be seen."""
    most = max(values, default=0) or 1
    heights = [max(HEIGHT * value / most, LEAST) if value > 0 else 0 for value in values]
    drawn = [
        Bar(at * STEP, round(HEIGHT - high, 1), round(high, 1), value) for at, (high, value) in enumerate(zip(heights, values, strict=True))
    ]
    return Bars(tuple(drawn), max(len(values), 1) * STEP)
