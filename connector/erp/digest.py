"""The SHA-256 of bytes that are being copied, computed beside the copying: hashing takes as long as reading and writing together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from threading import Thread

PIECE = 1 << 20
"""Handed to the other thread at once: handing over costs as much as hashing some ten kilobytes."""
AHEAD = 4
"""So many pieces may wait to be hashed; then the copying waits."""


class Digest:
    """Takes a file's bytes in their order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._gathered: list[bytes] = []
        self._size = 0
        self._pieces: Queue[list[bytes]] = Queue(AHEAD)
        self._thread = Thread(target=self._run, name="digest", daemon=True)
        self._thread.start()

    def update(self, content: bytes) -> None:
        self._gathered.append(content)
        self._size += len(content)
        if self._size >= PIECE:
            self._hand_over()

    def hexdigest(self) -> str:
        """Return the hash of all that was taken; then nothing more is."""
        if self._gathered:
            self._hand_over()
        self.end()
        return self._hash.hexdigest()

    def end(self) -> None:
        """Let the thread come to its end; repeating that is harmless."""
        if self._thread.is_alive():
            self._pieces.put([])
            self._thread.join()

    def _hand_over(self) -> None:
        self._pieces.put(self._gathered)
        self._gathered, self._size = [], 0

    def _run(self) -> None:
        while piece := self._pieces.get():
            for content in piece:
                self._hash.update(content)


@contextmanager
def digesting() -> Iterator[Digest]:
    """Yield a digest whose thread ends with the block, whatever is raised in it."""
    digest = Digest()
    try:
        yield digest
    finally:
        digest.end()
