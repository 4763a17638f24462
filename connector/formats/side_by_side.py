"""Two lists of lines of which many differ and few come or go: compared line by line, as far as they keep step."""

from __future__ import annotations

from itertools import islice

Lines = list[bytes]

RUN = 16
"""Where so many lines in a row differ, one of the two has lines that the other lacks, most likely."""


def side_by_side(was: Lines, now: Lines) -> tuple[int, list[int]]:
    """Return how many lines keep step, and which of these (from 0) differ. None do where the first ones already do not."""
    apart = [at for at, (old, new) in enumerate(zip(was, now, strict=False)) if old != new]
    count = min(len(was), len(now))
    for start, end in zip(apart, islice(apart, RUN - 1, None), strict=False):
        if end - start == RUN - 1:
            count = start
            break
    return count, [at for at in apart if at < count]
