"""The lines by which two versions of a text file differ, found by comparing bytes: what is the same never becomes a Python object.

Any answer is right whose removed lines, taken out of the old file, and added ones, put in, give the new file's lines in some order. Which
it is depends on where the two files meet again; who needs rows must go by their keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from connector.formats.side_by_side import side_by_side
from connector.formats.window import Window, same_lines

WINDOW = 1 << 18
LONGEST = 1 << 22
"""A window grows to this size, where lines are long, before the files count as too different."""
REACH = 400
"""So many lines are searched for the place where two files that part meet again; the NEAR ones first."""
NEAR = 16
DENSE = 16
"""Where a difference follows another within so many lines, the next piece is compared line by line."""
PIECE = 1 << 14

Lines = list[bytes]


class TooDifferent(Exception):
    """The files do not meet again soon, or a quoted field may reach over the place where they part: read everything."""


class OtherOrder(TooDifferent):
    """The files do not meet again within reach: their lines may stand in another order."""


class Difference(NamedTuple):
    """Lines of the old file, and those of the new one that stand in their place, with the number of each of these, from 1."""

    numbers: Sequence[int]
    removed: Lines
    added: Lines


Settled = tuple[Difference, int]
"""What differs, and how many of the new file's lines were passed over to tell."""


def differences(old: BinaryIO, new: BinaryIO, *, quotes: bool = True) -> Iterator[Difference]:
    """Yield the differences of two files whose lines end with LF, in their order, in bounded memory. Raises TooDifferent.

    With `quotes`, a quotation mark that is open where the files part, or after what differs, raises too: the field may span lines.
    """
    a, b, number, marks, last = Window(old), Window(new), 1, 0, -DENSE
    while a.fill(WINDOW) | b.fill(WINDOW):
        if same := same_lines(a, b):
            end = b.at + same
            number += b.data.count(b"\n", b.at, end)
            marks += b.data.count(b'"', b.at, end) if quotes and b.data.find(b'"', b.at, end) >= 0 else 0  # to find takes a tenth
            a.at, b.at = a.at + same, end
            if a.is_short(WINDOW) or b.is_short(WINDOW) or not (a.left or b.left):
                continue
        is_dense = number - last < DENSE
        found, passed = (is_dense and _abreast(a, b, number, quotes=quotes)) or _one_line(a, b, number) or _parting(a, b, number)
        is_known = found.removed == found.added  # but for the mark at the file's end
        if quotes and not is_known and (marks % 2 or _marks(found.removed) % 2 or _marks(found.added) % 2):
            raise TooDifferent
        marks += _marks(found.added) if quotes else 0
        number = last = number + passed
        if not is_known:
            yield found


def _abreast(a: Window, b: Window, number: int, *, quotes: bool) -> Settled | None:
    """Settle a piece of lines that stand beside each other, where many differ; None where they do not, or a quoted field may span them."""
    was, now = a.piece(PIECE), b.piece(PIECE)
    count, apart = side_by_side(was, now)
    if not count or (quotes and not _are_closed(was[:count], now[:count])):
        return None
    a.pass_over(was[:count])
    b.pass_over(now[:count])
    return Difference([number + at for at in apart], [was[at] for at in apart], [now[at] for at in apart]), count


def _are_closed(*pieces: Lines) -> bool:
    return all(not _marks(lines) or not any(line.count(b'"') % 2 for line in lines) for lines in pieces)


def _one_line(a: Window, b: Window, number: int) -> Settled | None:
    """Settle one line that differs between lines that do not: what most differences are."""
    old, new = a.data.find(b"\n", a.at), b.data.find(b"\n", b.at)
    old_next, new_next = a.data.find(b"\n", old + 1), b.data.find(b"\n", new + 1)
    if min(old, new, old_next, new_next) < 0 or a.data[old:old_next] != b.data[new:new_next]:
        return None
    found = Difference((number,), [a.data[a.at : old]], [b.data[b.at : new]])
    a.at, b.at = old + 1, new + 1
    return found, 1


def _parting(a: Window, b: Window, number: int) -> Settled:
    """Settle the lines from where the files part to where they meet again."""
    while (met := _met(a, b)) is None:
        size = 2 * max(a.left, b.left, WINDOW)
        if (a.is_over and b.is_over) or size > LONGEST:
            raise OtherOrder
        a.grow(size)
        b.grow(size)
    removed, added = met
    a.pass_over(removed)
    b.pass_over(added)
    return Difference(range(number, number + len(added)), removed, added), len(added)


def _met(a: Window, b: Window) -> tuple[Lines, Lines] | None:
    """Return the lines until both files go on with the same one, or end; None where more must be read to tell."""
    for reach in (NEAR, REACH):
        was, now = a.lines(reach), b.lines(reach)
        if (meeting := _meeting(was, now)) is not None:
            return was[: meeting[0]], now[: meeting[1]]
        is_old_over, is_new_over = a.is_over and len(was) < reach, b.is_over and len(now) < reach
        is_rest = (is_old_over and (is_new_over or not was)) or (is_new_over and not now)
        if is_rest and (was or now):
            return was, now
    if min(len(was), len(now)) >= REACH:
        raise OtherOrder
    return None


def _meeting(was: Lines, now: Lines) -> tuple[int, int] | None:
    """Say how many lines of each to pass over until both go on with the same one: beside each other first, then the nearest.

    Where the first ones are the same already, but for the mark at the end of a file, that one is passed over.
    """
    for step, (old, new) in enumerate(zip(was[:NEAR], now[:NEAR], strict=False)):
        if old == new:
            return (step, step) if step else (1, 1)
    ahead = {line: step for step, line in reversed(list(enumerate(now)))}
    steps = ((step, ahead[line]) for step, line in enumerate(was) if line in ahead)
    return min(steps, key=sum, default=None)


def _marks(lines: Lines) -> int:
    return b"".join(lines).count(b'"')
