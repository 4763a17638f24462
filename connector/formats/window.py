"""A window on a file: some of its bytes from a line's start on, and how much of two windows is the same, found at C speed."""

from __future__ import annotations

from typing import BinaryIO

STEP = 1 << 10
MOST = 1 << 16
LINE = 256


class Window:
    """What was read of a file and not yet settled; `at` is where that begins in `data`, always at a line's start."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.data, self.at = b"", 0
        self.is_over = False

    @property
    def left(self) -> int:
        return len(self.data) - self.at

    def fill(self, size: int) -> bool:
        """Read on where less than a quarter of a size is left; False where nothing is."""
        if self.is_short(size):
            self.grow(size)
        return self.left > 0

    def is_short(self, size: int) -> bool:
        return not self.is_over and self.left * 4 < size

    def grow(self, size: int) -> None:
        """Read on until so many bytes are there or the file is over."""
        parts = [self.data[self.at :]]
        missing = size - len(parts[0])
        while missing > 0 and not self.is_over:
            parts.append(self._file.read(missing))
            missing -= len(parts[-1])
            self.is_over = not parts[-1]
        self.data, self.at = b"".join(parts), 0

    def lines(self, most: int) -> list[bytes]:
        """Return up to so many whole lines; the last of a file may lack its mark."""
        piece = self.data[self.at : self.at + most * LINE]
        found = piece.split(b"\n", most)
        if len(found) <= most and len(piece) < self.left:
            found = self.data[self.at :].split(b"\n", most)
        if len(found) > most or not self.is_over or not found[-1]:
            found.pop()
        return found

    def piece(self, size: int) -> list[bytes]:
        """Return the whole lines of the next so many bytes, but not what lacks its mark."""
        return self.data[self.at : self.data.rfind(b"\n", self.at, self.at + size) + 1].split(b"\n")[:-1]

    def pass_over(self, lines: list[bytes]) -> None:
        """Settle lines; the last one of the file may lack its mark."""
        self.at = min(len(self.data), self.at + sum(map(len, lines)) + len(lines))


def same_lines(a: Window, b: Window) -> int:
    """Return the size of the whole lines with which both windows begin alike."""
    size = min(a.left, b.left)
    same = _same(a.data, a.at, b.data, b.at, size)
    if same == a.left == b.left and a.is_over and b.is_over:
        return same
    return max(0, a.data.rfind(b"\n", a.at, a.at + same) + 1 - a.at)


def _same(a: bytes, i: int, b: bytes, j: int, size: int) -> int:
    """Count the bytes that are the same from two places on: longer and longer stretches first, then halves of the one that differs."""
    same, step = 0, min(STEP, size)
    while step and a[i + same : i + same + step] == b[j + same : j + same + step]:
        same += step
        step = min(step * 4, size - same, MOST)
    while step > 1:
        half = step // 2
        if a[i + same : i + same + half] == b[j + same : j + same + half]:
            same += half
            step -= half
        else:
            step = half
    return same
