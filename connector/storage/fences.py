"""Fences: what a process may still write, where several machines share a database.

Whoever holds a job's turn under a lease carries its fencing number through the block, and into the threads that it starts (`carried`).
Every writing transaction made meanwhile looks, as the last thing before its commit, whether that number still holds, and keeps the lease
from being taken until it has committed. So a process that was frozen or cut off, and was replaced, can write nothing any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, select

from connector.errors import TurnLost
from connector.storage.tables import leases as t

Given = TypeVar("Given")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Fence:
    """One turn in hand. `demand` raises TurnLost where it may have gone to somebody else; it asks the database only where time ran out."""

    url: URL
    name: str
    number: int
    demand: Callable[[], None]


_held: ContextVar[tuple[Fence, ...]] = ContextVar("held", default=())


@contextmanager
def behind(*fences: Fence) -> Iterator[None]:
    """Have every writing transaction of the block checked against these fences, besides those that hold already."""
    token = _held.set((*_held.get(), *fences))
    try:
        yield
    finally:
        _held.reset(token)


def held() -> tuple[Fence, ...]:
    """Return the fences that hold here."""
    return _held.get()


@contextmanager
def unfenced() -> Iterator[None]:
    """Write without a turn: for the note that it was lost."""
    token = _held.set(())
    try:
        yield
    finally:
        _held.reset(token)


def carried(work: Callable[[Given], Result]) -> Callable[[Given], Result]:
    """Let other threads do a piece of work behind the fences of this one."""
    here = copy_context()

    def do(given: Given) -> Result:
        return here.copy().run(work, given)

    return do


def demand() -> None:
    """Make sure, before something is done outside the database, that the turn is still ours. Raises TurnLost."""
    for fence in _held.get():
        fence.demand()


def check(tx: Connection) -> None:
    """Make sure of it inside a transaction that is about to commit, and keep it so until then. Raises TurnLost."""
    for fence in _held.get():
        if fence.url == tx.engine.url:
            _check(tx, fence)


def _check(tx: Connection, fence: Fence) -> None:
    mine = select(t.c.fence).where(t.c.name == fence.name, t.c.fence == fence.number).with_for_update(read=True)
    if tx.execute(mine).first() is None:
        raise lost(fence.name, holder_of(tx, fence.name))


def holder_of(tx: Connection, name: str) -> str:
    row: Any = tx.execute(select(t.c.holder).where(t.c.name == name)).scalar()
    return str(row or "nobody at this moment")


def lost(name: str, holder: str) -> TurnLost:
    """Say that a turn went to somebody else."""
    return TurnLost(
        f"{name} is not this process's any more: its lease ran out, and what it was about to write was refused; now: {holder}",
        remedy="nothing is to be done: whoever does the job now takes up what was in hand",
    )
