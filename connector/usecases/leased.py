"""Turns where several machines share a database: a lease, renewed while the work goes on, and a fence before every commit.

A holder that is killed, frozen or cut off is replaced when its lease has run out; what it wakes up to write is refused (`storage.fences`).
A process of this very machine that is dead is replaced at once: its number and its start time tell. Where the kernel does not say which
boot this is (`ProcSubset=pid`), it is replaced when its lease has run out, as one of another machine is.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Event, Thread

from connector.app import App
from connector.errors import Busy, Unreachable
from connector.storage import fences, leases
from connector.storage.fences import Fence

LOOK_SECONDS = 0.25
log = logging.getLogger(__name__)


class Holding:
    """A lease in hand. `lost` is set when it went to somebody else."""

    def __init__(self, app: App, name: str, number: int, begun: float) -> None:
        self._app, self._name, self._number = app, name, number
        self._seconds = app.settings.database.lease_seconds
        self._sure_until = begun + self._seconds
        self._over = Event()
        self.lost = Event()
        self.fence = Fence(app.db.engine.url, name, number, self._demand)

    def keep(self) -> None:
        """Renew the lease in a thread of its own, until it is given back or lost."""
        Thread(target=self._renew_on, name=f"lease-{self._name}", daemon=True).start()

    def give_back(self) -> None:
        self._over.set()
        with suppress(Unreachable), fences.unfenced(), self._app.db.write() as tx:  # it runs out by itself, else
            leases.release(tx, self._name, self._number)

    def _renew_on(self) -> None:
        while not self._over.wait(self._seconds / 3) and not self.lost.is_set():
            try:
                self._renew()
            except Unreachable:  # the database may be back before the lease is over; that it was lost, `lost` tells
                continue
            except Exception:  # whatever it is: without this thread the turn would be lost, and its holder never know
                log.exception("the lease of %s could not be renewed; it is tried again", self._name)

    def _renew(self) -> None:
        begun = _awake_seconds()
        with self._app.db.write() as tx:
            is_ours = leases.renew(tx, self._name, self._number, self._seconds)
            holder = "" if is_ours else fences.holder_of(tx, self._name)
        if not is_ours:
            self.lost.set()
            raise fences.lost(self._name, holder)
        self._sure_until = begun + self._seconds

    def _demand(self) -> None:
        """Ask only when the lease may have run out: this process was frozen, or the database did not answer."""
        if self.lost.is_set() or _awake_seconds() >= self._sure_until:
            with fences.unfenced():
                self._renew()


def _awake_seconds() -> float:
    """Seconds that go on while this process, or its machine, sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@contextmanager
def leased(app: App, name: str, holder: str, wait_seconds: float, stop: Event) -> Iterator[Event]:
    """Hold a turn for the length of the block; yields the event that tells that it was lost. Raises Busy as `turns.turn` does."""
    number, begun = _acquired(app, name, holder, wait_seconds, stop)
    holding = Holding(app, name, number, begun)
    holding.keep()
    try:
        with fences.behind(holding.fence):
            yield holding.lost
    finally:
        holding.give_back()


def _acquired(app: App, name: str, holder: str, wait_seconds: float, stop: Event) -> tuple[int, float]:
    deadline = time.monotonic() + wait_seconds
    while True:
        begun = _awake_seconds()
        number, other = _tried(app, name, holder)
        if number is not None:
            return number, begun
        if time.monotonic() >= deadline or stop.wait(LOOK_SECONDS):
            raise Busy(f"{name} is running elsewhere: {other}", remedy="wait until it has ended, or stop that process")


def _tried(app: App, name: str, holder: str) -> tuple[int | None, str]:
    """Try once; return the fencing number, or who holds the turn."""
    with fences.unfenced(), app.db.write() as tx:
        other = leases.find(tx, name)
        dead = other.process if other and _is_dead(other.process) else ""
        number = leases.take(tx, name, holder, _process(), app.settings.database.lease_seconds, dead=dead)
    return number, said(other) if other else "a process that has only just begun"


def holders(app: App) -> dict[str, str]:
    """Name who holds which turn, and since when; not those who are known to be dead."""
    with app.db.read() as tx:
        return {lease.name: said(lease) for lease in leases.held(tx) if not _is_dead(lease.process)}


def said(lease: leases.Lease) -> str:
    """Name a turn's holder, and since when."""
    return f"{lease.holder}, since {lease.since:%Y-%m-%dT%H:%M:%S+00:00}"


# ── which process ───────────────────────────────────────────────────────────────────────────────────────────────────────
@cache
def _machine() -> str:
    """Name what process numbers mean something in: this boot of this machine, and the container in it; "" where that is not to be seen."""
    try:
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _process() -> str:
    return f"{_machine()}/{os.getpid()}/{_started(os.getpid())}"


def _is_dead(process: str) -> bool:
    """Tell whether a process ended for certain; of another machine's nothing is known."""
    machine, number, started = [*process.rsplit("/", 2), "", ""][:3]
    return machine != "" and machine == _machine() and number.isdigit() and _has_ended(int(number), started)


def _has_ended(number: int, started: str) -> bool:
    """Ask by a signal that is none whether a process is there: what /proc does not show may be hidden (`ProtectProc=invisible`)."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return _started(number) not in ("", started)


def _started(number: int) -> str:
    """Return when a process began, in ticks since the boot; "-" of one that is a zombie and has ended, "" where that is not to be seen."""
    try:
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "-" if fields[0] in "ZX" else fields[19]
