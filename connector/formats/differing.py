"""The lines by which two versions of a text file differ, found by comparing bytes: what is the same never becomes a Python object.

Any answer is right whose removed lines, taken out of the old file, and added ones, put in, give the new file's lines in some order. Which
it is depends on where the two files meet again; who needs rows must go by their keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

WINDOW = 1 << 16
REACH = 400
"""So many lines are searched for the place where two files that part meet again."""
NEAR = 8

Lines = list[bytes]
Parting = tuple[int, int, int, int]
"""Where lines differ in a window: first old and number of old ones, first new and number of new ones."""


class TooDifferent(Exception):
    """The files do not meet again soon, or a quoted field may reach over the place where they part: read everything."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Lines of the old file, and those of the new one that stand in their place; `number` is the first new line's, from 1."""

    number: int
    removed: Lines
    added: Lines


def differences(old: BinaryIO, new: BinaryIO, *, quotes: bool = True) -> Iterator[Difference]:
    """Yield the differences of two files whose lines end with LF, in their order, in bounded memory. Raises TooDifferent.

    With `quotes`, a quotation mark that is open where the files part, or after what differs, raises too: the field may span lines.
    """
    a, b, number, marks = _Side(old), _Side(new), 1, 0
    while a.fill() | b.fill():
        if same := _same_start(a, b):
            number += b.count(b"\n", same)
            marks += b.count(b'"', same) if quotes else 0
            a.drop(same)
            b.drop(same)
            continue
        was, now, at = a.lines(), b.lines(), 0
        partings, used, taken = _partings(was, now, ends=(a.is_over, b.is_over))
        for i, gone, j, come in partings:
            found = Difference(number + j, was[i : i + gone], now[j : j + come])
            if quotes:
                marks += _marks(now[at:j])
                _refuse_open(marks, found)
                marks += _marks(found.added)
            at = j + come
            yield found
        marks += _marks(now[at:taken]) if quotes else 0
        number += taken
        if not used and not taken and a.is_full and b.is_full:
            raise TooDifferent
        a.drop_lines(was[:used])
        b.drop_lines(now[:taken])


class _Side:
    """One file, a window of whole lines at a time."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.rest = b""
        self.is_over = False

    def fill(self) -> bool:
        """Read on; False where nothing is left."""
        if not self.is_over and len(self.rest) < WINDOW:
            data = self._file.read(WINDOW)
            self.is_over = not data
            self.rest += data
        return bool(self.rest)

    @property
    def is_full(self) -> bool:
        return self.is_over or len(self.rest) >= WINDOW

    @property
    def end(self) -> int:
        """Say where the last whole line ends; the last of a file may lack its mark."""
        return len(self.rest) if self.is_over else self.rest.rfind(b"\n") + 1

    def lines(self) -> Lines:
        end = self.end
        return self.rest[:end].removesuffix(b"\n").split(b"\n") if end else []

    def count(self, mark: bytes, end: int) -> int:
        return self.rest.count(mark, 0, end)

    def drop(self, size: int) -> None:
        self.rest = self.rest[size:]

    def drop_lines(self, lines: Lines) -> None:
        self.drop(sum(map(len, lines)) + len(lines))


def _same_start(a: _Side, b: _Side) -> int:
    """Return the size of the whole lines with which both windows begin, where they are the same throughout the shorter one."""
    size = min(len(a.rest), len(b.rest))
    if a.rest[:size] != b.rest[:size]:
        return 0
    return size if size == a.end == b.end else a.rest.rfind(b"\n", 0, size) + 1


def _marks(lines: Lines) -> int:
    return b"\n".join(lines).count(b'"')


def _refuse_open(marks: int, found: Difference) -> None:
    if marks % 2 or _marks(found.removed) % 2 or _marks(found.added) % 2:
        raise TooDifferent


def _partings(was: Lines, now: Lines, *, ends: tuple[bool, bool]) -> tuple[list[Parting], int, int]:
    """Find where two windows part and meet again; return how many lines of each are settled by that. Raises TooDifferent.

    Where no meeting is seen before a window ends, what is left waits for the next; `ends` says whose file ends with its window.
    """
    found: list[Parting] = []
    i = j = 0
    while True:
        same = _same(was, i, now, j)
        i, j = i + same, j + same
        old, new = len(was) - i, len(now) - j
        if not old and not new:
            return found, i, j
        meeting = _meeting(was, i, now, j) if old and new else None
        if meeting is None:
            return _at_the_end(found, (i, old), (j, new), ends)
        found.append((i, meeting[0], j, meeting[1]))
        i, j = i + meeting[0], j + meeting[1]


def _at_the_end(
    found: list[Parting], was: tuple[int, int], now: tuple[int, int], ends: tuple[bool, bool]
) -> tuple[list[Parting], int, int]:
    (i, old), (j, new) = was, now
    if all(ends) or (ends[0] and not old) or (ends[1] and not new):
        found.append((i, old, j, new))
        return found, i + old, j + new
    if min(old, new) > REACH:
        raise TooDifferent
    return found, i, j


def _same(was: Lines, i: int, now: Lines, j: int) -> int:
    """Count the lines that are the same from here on."""
    start, step = i, 16
    while (part := was[i : i + step]) and part == now[j : j + step]:
        i, j, step = i + len(part), j + len(part), step * 2
    for old, new in zip(was[i : i + step], now[j : j + step], strict=False):
        if old != new:
            break
        i += 1
    return i - start


def _meeting(was: Lines, i: int, now: Lines, j: int) -> tuple[int, int] | None:
    """Say how many lines of each to pass over until both go on with the same one: beside each other first, then within reach."""
    for step in range(1, NEAR):
        if was[i + step : i + step + 1] == now[j + step : j + step + 1] != []:
            return step, step
    ahead = {line: step for step, line in reversed(list(enumerate(now[j : j + REACH])))}
    steps = ((step, ahead[line]) for step, line in enumerate(was[i : i + REACH]) if line in ahead)
    return min(steps, key=sum, default=None)
