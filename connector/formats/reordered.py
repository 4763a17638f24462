"""The lines by which two versions of a text file differ whatever order they stand in, found by a hash of each line.

Each pass has 64-bit hashes of its own (Python's, with a key drawn when the process starts): that one changed line among two million is
taken for another has a chance of one in ten million million, and nobody who writes a file can bring it about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from connector.formats.differing import Difference, Lines, TooDifferent

PIECE = 1 << 18
MOST_LINES = 2_000_000
"""A hash costs about a hundred bytes of memory; of longer files everything is read."""


def differences_in_any_order(old: BinaryIO, new: BinaryIO, *, quotes: bool = True) -> Iterator[Difference]:
    """Yield what differs, a line at a time: the new file's in their order, then what went. Raises TooDifferent.

    With `quotes`, a line with an odd number of quotation marks raises too: a field may span lines. So does a line that the old file
    holds twice; one that only the new file repeats is given out as added.
    """
    start = old.tell()
    left, number = _hashes(old), 0
    for lines in _pieces(new):
        for line in lines:
            number += 1
            mark = hash(line)
            if mark in left:
                left.remove(mark)
            else:
                yield Difference(number, [], [_whole(line, quotes=quotes)])
    old.seek(start)
    for lines in _pieces(old):
        for line in lines:
            if hash(line) in left:
                yield Difference(number + 1, [_whole(line, quotes=quotes)], [])


def _hashes(file: BinaryIO) -> set[int]:
    found: set[int] = set()
    count = 0
    for lines in _pieces(file):
        found.update(map(hash, lines))
        count += len(lines)
        if len(found) < count or count > MOST_LINES:
            raise TooDifferent
    return found


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
