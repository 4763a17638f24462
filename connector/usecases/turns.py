"""Turns: one process does a job at a time.

With SQLite, the kernel's lock (flock) on `var/locks/<name>.lock` is held for life and dropped on death, however sudden. With PostgreSQL,
which several machines may share, it is a lease in the database (`usecases.leased`). Two exporters at once would write orders twice,
whatever else they do right. This is the one place where a turn is taken.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import IO

from connector.app import App
from connector.errors import Busy, DiskShort, Misuse
from connector.storage import leases, owners
from connector.usecases.leased import holders, leased

WAIT_SECONDS = 60.0
LOOK_SECONDS = 0.1
FULL = (errno.ENOSPC, errno.EDQUOT)
ALWAYS = ("daemon", "serve", "backup", "checkpoint")


def holder_name() -> str:
    """Name this process to people and to other processes: `pid N on HOST`."""
    return f"pid {os.getpid()} on {socket.gethostname()}"


@contextmanager
def turn(app: App, name: str, *, wait_seconds: float = WAIT_SECONDS, stop: Event | None = None) -> Iterator[Event]:
    """Hold a job's turn for the length of the block; yields the event that tells that it was lost (never, with SQLite).

    Waits up to `wait_seconds` (less where `stop` is set meanwhile), then raises Busy naming the holder.
    """
    way = (
        _locked(app, name, wait_seconds, stop or Event())
        if app.db.is_sqlite
        else leased(app, name, holder_name(), wait_seconds, stop or Event())
    )
    with way as lost:
        yield lost


@contextmanager
def _locked(app: App, name: str, wait_seconds: float, stop: Event) -> Iterator[Event]:
    with _opened(app, name) as lock:
        _acquire(lock, name, wait_seconds, stop)
        _write_holder(lock, app.now)
        try:
            yield Event()
        finally:
            with suppress(OSError):
                lock.truncate(0)  # before the lock goes with the file: whoever comes next finds no stale name


def names(app: App) -> list[str]:
    """Name every turn that was ever taken in this project."""
    return sorted(path.stem for path in (app.root / "var" / "locks").glob("*.lock"))


@contextmanager
def alone(app: App) -> Iterator[None]:
    """Hold every turn that there is in this project. Raises Busy, naming who has one."""
    with ExitStack() as held:
        for name in sorted({*ALWAYS, *names(app)}):
            held.enter_context(turn(app, name, wait_seconds=0))
        yield


def share(app: App, name: str) -> IO[bytes]:
    """Hold a turn together with others who share it, until the file returned is closed or the process ends.

    Raises Busy where somebody holds it alone.
    """
    lock = _opened(app, name)
    if not _try(lock, fcntl.LOCK_SH):
        raise Busy(f"{name} cannot start: {_read_holder(lock)} works alone", remedy="wait until it has ended")
    _write_holder(lock, app.now)
    return lock


def _lock_path(app: App, name: str) -> Path:
    folder = app.root / "var" / "locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misuse(f"{folder} cannot be made: {error.strerror}", remedy="give this user the right to write in var/") from error
    return folder / f"{name}.lock"


def _opened(app: App, name: str) -> IO[bytes]:
    path = _lock_path(app, name)
    try:
        return path.open("a+b", buffering=0)  # nothing is left to be written when it is closed: a full disk would be heard of again
    except PermissionError as error:
        raise owners.refused(path) from error
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise DiskShort(f"{path} cannot be made: {error.strerror}", remedy="make room; all goes on by itself then") from error


def _acquire(lock: IO[bytes], name: str, wait_seconds: float, stop: Event) -> None:
    deadline = time.monotonic() + wait_seconds
    while not _try(lock):
        if time.monotonic() >= deadline or stop.wait(LOOK_SECONDS):
            raise Busy(f"{name} is running elsewhere: {_read_holder(lock)}", remedy="wait until it has ended, or stop that process")


def _try(lock: IO[bytes], how: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_holder(lock: IO[bytes], now: datetime) -> None:
    """Write who holds it, for people: the lock holds without, where a full disk does not take the name."""
    with suppress(OSError):
        lock.truncate(0)
        lock.write(json.dumps({"holder": holder_name(), "since": now.isoformat(timespec="seconds")}).encode())


def living_holder(app: App, name: str) -> str:
    """Name the process that holds a turn (with SQLite: of this machine), without touching it; "" where none does."""
    if not app.db.is_sqlite:
        with app.db.read() as tx:
            lease = leases.find(tx, name)
        return lease.holder if lease else ""
    holder = ""
    try:
        holder = str(json.loads(_lock_path(app, name).read_text(encoding="utf-8"))["holder"])
        number, _, host = holder.removeprefix("pid ").partition(" on ")
        os.kill(int(number), 0)
    except PermissionError:
        return holder
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return holder if host == socket.gethostname() else ""


def leaders(app: App) -> dict[str, str]:
    """Name who holds which turn at this moment, and since when; `daemon` is whose schedules run."""
    if app.db.is_sqlite:
        return {name: holder for name in names(app) if name != "serve" and (holder := living_holder(app, name))}
    return holders(app)


def _read_holder(lock: IO[bytes]) -> str:
    lock.seek(0)
    try:
        found = json.loads(lock.read())
        return f"{found['holder']}, since {found['since']}"
    except (ValueError, KeyError, TypeError):
        return "a process that has not yet written its name"
