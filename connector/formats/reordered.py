"""The lines by which two versions of a text file differ whatever order they stand in, found by a hash of each line.

Each pass has 64-bit hashes of its own (Python's, with a key drawn when the process starts): that one changed line among two million is
taken for another has a chance of one in ten million million, and nobody who writes a file can bring it about. The hashes of both files are
sorted as one: those that stand alone are what differs. Only then lines are read again, and only these.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from connector.formats.differing import Difference, Lines, TooDifferent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers: TypeAlias = NDArray[Any]

PIECE = 1 << 18
MOST_LINES = 4_000_000
"""A line of each file costs about fifty bytes of memory; of longer files everything is read."""
MOST_APART = 0.7
"""Where a larger share of the lines stand alone, everything is read anyway: nobody needs to know which they are."""


@dataclass(frozen=True, slots=True)
class _Measured:
    """A file's lines, as the hash and the size of each; they begin at byte `start`."""

    file: BinaryIO
    start: int
    marks: array[int] = field(default_factory=lambda: array("q"))
    sizes: array[int] = field(default_factory=lambda: array("I"))

    def lines(self, numbers: list[int]) -> Iterator[tuple[int, bytes]]:
        """Yield the lines of these numbers, from 0 on and growing, each with its number."""
        import numpy as np

        ends = self.start + np.cumsum(np.asarray(self.sizes, dtype=np.int64) + 1)
        for number, end in zip(numbers, ends[numbers].tolist(), strict=True):
            size = self.sizes[number]
            self.file.seek(end - 1 - size)
            yield number, self.file.read(size)


def differences_in_any_order(old: BinaryIO, new: BinaryIO, *, quotes: bool = True) -> Iterator[Difference]:
    """Yield what differs, a line at a time: the new file's in their order, then what went. Raises TooDifferent.

    With `quotes`, a line with an odd number of quotation marks raises too: a field may span lines. So does a line that the old file
    holds twice, and so do files of which most lines differ; one that only the new file repeats is given out as added.
    """
    was, now = _measured(old), _measured(new)
    gone, come = _apart(was.marks, now.marks)
    for number, line in now.lines(come):
        yield Difference((number + 1,), [], [_whole(line, quotes=quotes)])
    for _, line in was.lines(gone):
        yield Difference((), [_whole(line, quotes=quotes)], [])


def _measured(file: BinaryIO) -> _Measured:
    found = _Measured(file, file.tell())
    for lines in _pieces(file):
        found.marks.extend(map(hash, lines))
        found.sizes.extend(map(len, lines))
        if len(found.marks) > MOST_LINES:
            raise TooDifferent
    return found


def _apart(was: array[int], now: array[int]) -> tuple[list[int], list[int]]:
    """Return the positions of the old marks that the new ones lack, and of the new ones that the old lack or that come once more."""
    import numpy as np  # a tenth of a second, which only files in another order cost

    old, new = np.asarray(was), np.asarray(now)
    if _repeated(np.sort(old)).any():
        raise TooDifferent
    known = np.sort(new)
    repeats = _repeated(known)
    both = np.concatenate((old, known[~repeats]))
    both.sort()
    is_second = _repeated(both)
    alone = both[~(is_second | np.append(is_second[1:], False))]
    if len(alone) > MOST_APART * len(both):
        raise TooDifferent
    del both
    come = _positions(new, alone)
    if repeats.any():
        come = np.union1d(come, np.setdiff1d(np.arange(len(new)), np.unique(new, return_index=True)[1]))
    return _positions(old, alone).tolist(), come.tolist()


def _repeated(marks: Numbers) -> Numbers:
    """Say of sorted marks which are the same as the one before."""
    import numpy as np

    return np.append(False, marks[1:] == marks[:-1])[: len(marks)]


def _positions(marks: Numbers, wanted: Numbers) -> Numbers:
    """Return where marks are that stand among the wanted ones, which are sorted."""
    import numpy as np

    near = np.searchsorted(wanted, marks)
    near[near == len(wanted)] = 0
    return np.flatnonzero(wanted[near] == marks) if len(wanted) else near[:0]


def _whole(line: bytes, *, quotes: bool) -> bytes:
    if quotes and line.count(b'"') % 2:
        raise TooDifferent
    return line


def _pieces(file: BinaryIO) -> Iterator[Lines]:
    """Yield the lines without their ends, some at a time; the last of a file may lack its mark."""
    rest = b""
    while data := file.read(PIECE):
        *lines, rest = (rest + data).split(b"\n")
        yield lines
    if rest:
        yield [rest]
