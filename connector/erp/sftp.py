"""The ERP's files on an SFTP server.

A connection that died is made anew, once per call; a deadline that passed is not tried again. SFTP knows no sync of a folder: that a
rename lasts is the server's affair. Times are whole seconds there.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from connector.erp import files
from connector.erp.address import address
from connector.erp.digest import digesting
from connector.erp.failures import changed
from connector.erp.names import final_parts, is_name, parts, readable, unfinished_name
from connector.erp.offers import offers
from connector.erp.packets import Attributes
from connector.erp.remote import Remote
from connector.erp.session import FSYNC, POSIX_RENAME
from connector.erp.ssh import Connection, Deadlines, reachable
from connector.erp.store import Partial, Presence, SourceFile
from connector.errors import ErpPlaceUnusable, ErpUnreachable
from connector.settings import Settings

T = TypeVar("T")
IDLE_SECONDS = 45  # routers forget silent connections; a new one costs less than finding that out


class SftpStore:
    """`FileStore` over SFTP. One call at a time, whichever thread makes it. Modes as those of `LocalStore`."""

    def __init__(self, settings: Settings, url: str, deadlines: Deadlines | None = None) -> None:
        self._settings = settings
        self._to = address(settings, url)
        self._deadlines = deadlines or Deadlines()
        self._lock = threading.RLock()
        self._connection: Connection | None = None
        self._closed_times = 0
        self.url = str(self._to)

    # ── source ──────────────────────────────────────────────────────────────────────────────────────────────────────────
    def listing(self, folder: str) -> list[SourceFile]:
        where = parts(folder)

        def look(remote: Remote) -> list[SourceFile]:
            try:
                found = remote.session.listdir(remote.path(where))
            except FileNotFoundError:  # what OpenSSH also answers for a file in the folder's place
                remote.demand_root()
                if remote.session.stat(remote.path(where)) is not None:
                    raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
                return []
            return [_source_file(where, name, said) for name, said in found if is_name(name) and said.is_regular]

        return self._do(folder, self._deadlines.answer, look, is_one_of_many=bool(where))

    def stat(self, file: SourceFile) -> SourceFile | None:
        *where, name = parts(file.raw_name)

        def look(remote: Remote) -> SourceFile | None:
            said = remote.session.lstat(remote.path((*where, name)))
            return _source_file(where, name, said) if said is not None and said.is_regular else None

        return self._do(file.name, self._deadlines.answer, look, is_one_of_many=True)

    def fetch(self, file: SourceFile, to: Path) -> str:
        def copy(remote: Remote) -> str:
            path = remote.path(parts(file.raw_name))
            if not _is_still(remote.session.lstat(path), file):
                raise changed(file)
            copied = 0
            with digesting() as digest, files.new_file(to) as write:
                for chunk in remote.session.read(path, file.size):
                    digest.update(chunk)
                    write(chunk)
                    copied += len(chunk)
                if copied != file.size or not _is_still(remote.session.lstat(path), file):
                    raise changed(file)
                return digest.hexdigest()

        return self._do(file.name, self._deadlines.for_bytes(file.size), copy, is_one_of_many=True)

    def remove(self, file: SourceFile) -> bool:
        def take_away(remote: Remote) -> bool:
            path = remote.path(parts(file.raw_name))
            if not _is_still(remote.session.lstat(path), file):
                return False
            remote.session.remove(path)
            return True

        return self._do(file.name, self._deadlines.answer, take_away, is_one_of_many=True)

    # ── target ──────────────────────────────────────────────────────────────────────────────────────────────────────────
    def write_partial(self, final: str, content: bytes, owner: str = "") -> Partial:
        begun: list[str] = []

        def write(remote: Remote) -> Partial:
            begun.append(unfinished_name(final, owner))
            partial = remote.write_partial(final, begun[-1], content)
            for left in begun[:-1]:  # by a connection that died over it: with nothing more to write no pass would clear it
                remote.discard(left)
            return partial

        return self._do(final, self._deadlines.for_bytes(len(content)), write)

    def presence(self, partial: Partial) -> Presence:
        return self._do(partial.final, self._deadlines.answer, lambda remote: remote.presence(partial))

    def publish(self, partial: Partial) -> None:
        final = final_parts(partial.final)
        self._do(partial.final, self._deadlines.answer, lambda remote: remote.publish(partial, final))

    def discard(self, partial: Partial) -> None:
        self._do(partial.final, self._deadlines.answer, lambda remote: remote.discard(partial.name))

    def put(self, name: str, content: bytes) -> None:
        final = final_parts(name)
        self._do(name, self._deadlines.for_bytes(len(content)), lambda remote: remote.put(final, content))

    # ── all ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
    def describe(self) -> list[str]:
        with reachable(self._to):
            offered = offers(self._to.host, self._to.port, self._deadlines.connect)

        def look(remote: Remote) -> list[str]:
            remote.demand_root()
            root = readable(remote.session.realpath(remote.path(())))
            count = len(remote.session.listdir(remote.path(())))
            return [f"{self.url} is the folder {root} with {count} names in it", *_offers(remote.session.extensions)]

        found = self._do(self.url, self._deadlines.answer, look)
        return [*found, *self._connected().describe(), "it offers " + "; ".join(one.sentence for one in offered)]

    def close(self) -> None:
        """Give up the connection at once; a call under way in another thread ends with ErpUnreachable."""
        self._closed_times += 1
        self._give_up()

    # ── one call ────────────────────────────────────────────────────────────────────────────────────────────────────────
    def _do(self, what: str, seconds: float, work: Callable[[Remote], T], *, is_one_of_many: bool = False) -> T:
        """Do one call's work within its deadline; where the connection has died, once more over a new one."""
        with self._lock:
            closed_times = self._closed_times
            try:
                try:
                    return self._once(what, seconds, work)
                except ConnectionError:
                    if self._closed_times != closed_times:
                        raise
                    return self._once(what, seconds, work)
            except OSError as error:
                remedy = files.REMEDIES.get(error.errno or 0, "see to the server; the next pass tries again")
                kind = ErpPlaceUnusable if is_one_of_many and _concerns_one(error) else ErpUnreachable
                raise kind(f"{self.url}: {what}: {error.strerror or error}", remedy=remedy) from error

    def _once(self, what: str, seconds: float, work: Callable[[Remote], T]) -> T:
        connection = self._connected()
        try:
            with connection.deadline(seconds):
                return work(Remote(connection.session, self._to.root, self.url, self._settings.erp.mode))
        except (ConnectionError, TimeoutError) as error:
            self._give_up()
            if connection.is_overdue or isinstance(error, TimeoutError):
                raise ErpUnreachable(
                    f"{self.url}: {what}: no answer within {seconds:g} seconds",
                    remedy="the connection was given up and the next pass tries again; if that lasts, the server hangs",
                ) from error
            raise
        except BaseException:
            if connection.session.is_busy:  # answers to what broke off are still under way
                self._give_up()
            raise

    def _connected(self) -> Connection:
        if self._connection is not None and (not self._connection.is_alive or self._connection.idle_seconds > IDLE_SECONDS):
            self._give_up()
        if self._connection is None:
            with reachable(self._to):
                self._connection = Connection(self._settings, self._to, self._deadlines)
        return self._connection

    def _give_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _concerns_one(error: OSError) -> bool:
    """Tell what a server says of one name (that it is locked, say) from a connection that is gone."""
    return not isinstance(error, ConnectionError) and (error.errno is None or error.errno in files.ONE_PLACE)


def _offers(extensions: Mapping[str, str]) -> list[str]:
    renamed = "in one step (posix-rename)" if POSIX_RENAME in extensions else "by SFTP's rename: posix-rename is not offered"
    synced = "first (fsync)" if FSYNC in extensions else "when the server likes: fsync is not offered"
    return [f"files are published {renamed}", f"they are synced to the server's disk {synced}"]


def _is_still(said: Attributes | None, file: SourceFile) -> bool:
    return said is not None and said.is_regular and (said.size, _instant(said)) == (file.size, file.modified_at)


def _instant(said: Attributes) -> datetime:
    return datetime.fromtimestamp(said.modified, UTC)


def _source_file(where: tuple[bytes, ...] | list[bytes], name: bytes, said: Attributes) -> SourceFile:
    raw = b"/".join((*where, name))
    return SourceFile(readable(raw), raw, said.size, _instant(said))
