"""Work of several threads in one transaction: each piece keeps its own outcome, and nobody is told any before the one commit.

To sync a commit to the disk takes longer than an order's rows, and writers wait for one another anyway. Whoever comes first does what waits
by then, piece by piece, and commits once; meanwhile the next ones gather. Only on SQLite.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from connector.errors import ConnectorError, DatabaseUnreachable, Unreachable
from connector.storage import repeated

Result = TypeVar("Result")
Write = Callable[[float], AbstractContextManager[Connection]]
"""Opens a writing transaction, trying for so many seconds."""

log = logging.getLogger(__name__)

MOST = 32
"""Pieces in one transaction: the last one's answer waits for all of them."""


@dataclass(slots=True, eq=False)
class _Piece(Generic[Result]):
    """One piece of work; `outcome` raises or returns what became of it, None while nothing has."""

    work: Callable[[Connection], Result]
    deadline: float
    outcome: Callable[[], Result] | None = None
    is_alone: bool = False

    def do(self, tx: Connection) -> None:
        """Do it. What is refused before it has written anything disturbs nobody; anything worse is raised, and nobody's work is kept."""
        before = _rows_written(tx)
        try:
            result = self.work(tx)
        except Unreachable:
            raise
        except ConnectorError as refusal:
            if _rows_written(tx) != before:
                raise
            self.outcome = _raising(refusal)
        else:
            self.outcome = lambda: result


def _rows_written(tx: Connection) -> int:
    """Return how many rows this connection has ever written. A savepoint for each piece would take a tenth of the time of the piece."""
    driver: Any = tx.connection.driver_connection
    return int(driver.total_changes)


def _raising(error: ConnectorError) -> Callable[[], Any]:
    def outcome() -> Any:
        raise error

    return outcome


class Together:
    """Does pieces of work of one kind, those that wait at the same time in one transaction, `most` at once. Any thread may ask."""

    def __init__(self, write: Write, wait_seconds: float, most: int = MOST) -> None:
        self._write, self._wait_seconds, self._most = write, wait_seconds, most
        self._turn = Lock()
        self.waiting: deque[_Piece[Any]] = deque()

    def do(self, work: Callable[[Connection], Result]) -> Result:
        """Return what `work` returns, once it is committed; raises what it raises. It may be done again where a transaction failed.

        Raises DatabaseUnreachable where its turn does not come in time: nothing of it was done, nor will be.
        """
        piece = _Piece(work, time.monotonic() + self._wait_seconds)
        self.waiting.append(piece)
        self._await_turn(piece)
        try:
            while piece.outcome is None and not piece.is_alone:
                self._do_all(piece)
            return piece.outcome() if piece.outcome is not None else self._do_alone(piece)
        finally:
            self._turn.release()

    def _await_turn(self, piece: _Piece[Any]) -> None:
        if self._turn.acquire(timeout=self._wait_seconds):
            return
        try:
            self.waiting.remove(piece)
        except ValueError:  # somebody has it in hand: what becomes of it will be known
            self._turn.acquire()
            return
        raise DatabaseUnreachable(
            f"others wrote for {self._wait_seconds:g} s, and the turn did not come", remedy="nothing: it may be sent again"
        )

    def _gathered(self) -> list[_Piece[Any]]:
        """Take in hand what waits; a piece may be withdrawn at the same moment."""
        pieces: list[_Piece[Any]] = []
        with suppress(IndexError):
            while len(pieces) < self._most:
                pieces.append(self.waiting.popleft())
        return pieces

    def _do_all(self, mine: _Piece[Any]) -> None:
        """Do what waits in one transaction. Where it fails, whosever the fault, each is done alone, by the thread that asked for it."""
        if self._most == 1:
            self.waiting.remove(mine)
            mine.is_alone = True
            return
        pieces: list[_Piece[Any]] = []
        is_committed = False
        try:
            with self._write(_left(mine)) as tx:
                pieces += self._gathered()  # not before: whoever came while another process wrote takes part
                for piece in pieces:
                    piece.do(tx)
            is_committed = True
        except Exception:  # for several not handled here: it comes again, and is raised to whoever asked for what fails
            if pieces in ([], [mine]):
                raise
            log.warning("a transaction for several pieces of work failed; each is done alone", exc_info=True)
        finally:
            if not pieces:
                self.waiting.remove(mine)  # nobody may do it later: that it failed is told now
            elif not is_committed:
                for piece in pieces:
                    piece.outcome, piece.is_alone = None, True

    @repeated.when_deadlocked
    def _do_alone(self, piece: _Piece[Result]) -> Result:
        with self._write(_left(piece)) as tx:
            return piece.work(tx)


def _left(piece: _Piece[Any]) -> float:
    return max(piece.deadline - time.monotonic(), 0.0)
