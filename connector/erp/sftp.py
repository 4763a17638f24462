"""The ERP's files on an SFTP server.

A connection that died is made anew, once per call; a deadline that passed is not tried again. SFTP knows no sync of a folder: that a
rename lasts is the server's affair. Times are whole seconds there.
"""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from connector.erp import files
from connector.erp.failures import changed, damaged_id, missing_root, occupied
from connector.erp.names import FOLDER_ID, PARTIAL_FOLDER, final_parts, is_name, parts, readable
from connector.erp.session import FSYNC, POSIX_RENAME, Attributes, Session
from connector.erp.ssh import Connection, Deadlines, address, reachable
from connector.erp.store import Partial, Presence, SourceFile
from connector.errors import ErpUnreachable
from connector.settings import Settings

T = TypeVar("T")
IDLE_SECONDS = 45  # routers forget silent connections; a new one costs less than finding that out
PARTIAL = (PARTIAL_FOLDER.encode(),)
ID_PATH = (*PARTIAL, FOLDER_ID.encode())
NO_ID = b"no folder id is that long" * 10


class SftpStore:
    """`FileStore` over SFTP. One call at a time, whichever thread makes it. Folders it makes are 0700, files 0600."""

    def __init__(self, settings: Settings, url: str, deadlines: Deadlines | None = None) -> None:
        self._settings = settings
        self._to = address(settings, url)
        self._deadlines = deadlines or Deadlines()
        self._lock = threading.RLock()
        self._connection: Connection | None = None
        self.url = str(self._to)

    # ── source ──────────────────────────────────────────────────────────────────────────────────────────────────────────
    def listing(self, folder: str) -> list[SourceFile]:
        where = parts(folder)

        def look(session: Session) -> list[SourceFile]:
            try:
                found = session.listdir(self._path(where))
            except FileNotFoundError:  # what OpenSSH also answers for a file in the folder's place
                self._demand_root(session)
                if session.stat(self._path(where)) is not None:
                    raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
                return []
            return [_source_file(where, name, said) for name, said in found if is_name(name) and said.is_regular]

        return self._do(readable(self._path(where)), self._deadlines.answer, look)

    def stat(self, file: SourceFile) -> SourceFile | None:
        *where, name = parts(file.raw_name)

        def look(session: Session) -> SourceFile | None:
            said = session.lstat(self._path((*where, name)))
            return _source_file(where, name, said) if said is not None and said.is_regular else None

        return self._do(file.name, self._deadlines.answer, look)

    def fetch(self, file: SourceFile, to: Path) -> str:
        path = self._path(parts(file.raw_name))

        def copy(session: Session) -> str:
            if not _is_still(session.lstat(path), file):
                raise changed(file)
            digest, copied = hashlib.sha256(), 0
            with files.new_file(to) as target:
                for chunk in session.read(path, file.size):
                    digest.update(chunk)
                    files.write_all(target, chunk)
                    copied += len(chunk)
                if copied != file.size or not _is_still(session.lstat(path), file):
                    raise changed(file)
            return digest.hexdigest()

        return self._do(file.name, self._deadlines.for_bytes(file.size), copy)

    def remove(self, file: SourceFile) -> bool:
        path = self._path(parts(file.raw_name))

        def take_away(session: Session) -> bool:
            if not _is_still(session.lstat(path), file):
                return False
            session.remove(path)
            return True

        return self._do(file.name, self._deadlines.answer, take_away)

    # ── target ──────────────────────────────────────────────────────────────────────────────────────────────────────────
    def write_partial(self, final: str, content: bytes) -> Partial:
        base = final_parts(final)[-1].decode("utf-8", "replace")

        def write(session: Session) -> Partial:
            self._make_folders(session, PARTIAL)
            folder_id = self._folder_id(session)
            return Partial(self._write(session, base, content), folder_id, final)

        return self._do(final, self._deadlines.for_bytes(len(content)), write)

    def presence(self, partial: Partial) -> Presence:
        return self._do(partial.final, self._deadlines.answer, lambda session: self._presence(session, partial))

    def publish(self, partial: Partial) -> None:
        *where, name = final_parts(partial.final)
        final, waiting = self._path((*where, name)), self._path((*PARTIAL, partial.name.encode()))

        def rename(session: Session) -> None:
            self._make_folders(session, where)
            presence = self._presence(session, partial)
            if presence is Presence.GONE:
                return  # published before, or by a call whose answer was lost
            if presence is Presence.THERE and session.lstat(final) is not None:
                raise occupied(self.url, partial)
            session.posix_rename(waiting, final)

        self._do(partial.final, self._deadlines.answer, rename)

    def discard(self, partial: Partial) -> None:
        self._do(partial.final, self._deadlines.answer, lambda session: self._discard(session, partial.name))

    def put(self, name: str, content: bytes) -> None:
        *where, last = final_parts(name)

        def replace(session: Session) -> None:
            self._make_folders(session, where)
            self._make_folders(session, PARTIAL)
            temporary = self._write(session, "put", content)
            if POSIX_RENAME not in session.extensions and session.lstat(self._path((*where, last))) is not None:
                session.remove(self._path((*where, last)))
            session.posix_rename(self._path((*PARTIAL, temporary.encode())), self._path((*where, last)))

        self._do(name, self._deadlines.for_bytes(len(content)), replace)

    # ── all ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
    def describe(self) -> list[str]:
        def look(session: Session) -> list[str]:
            self._demand_root(session)
            root = readable(session.realpath(self._path(())))
            names = len(session.listdir(self._path(())))
            return [f"{self.url} is the folder {root} with {names} names in it", *self._offers(session)]

        return self._do(self.url, self._deadlines.answer, look)

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    # ── one call ────────────────────────────────────────────────────────────────────────────────────────────────────────
    def _do(self, what: str, seconds: float, work: Callable[[Session], T]) -> T:
        """Do one call's work within its deadline; where the connection has died, once more over a new one."""
        with self._lock:
            try:
                try:
                    return self._once(what, seconds, work)
                except ConnectionError:
                    return self._once(what, seconds, work)
            except OSError as error:
                remedy = files.REMEDIES.get(error.errno or 0, "see to the server; the next pass tries again")
                raise ErpUnreachable(f"{self.url}: {what}: {error.strerror or error}", remedy=remedy) from error

    def _once(self, what: str, seconds: float, work: Callable[[Session], T]) -> T:
        connection = self._connected()
        try:
            with connection.deadline(seconds):
                return work(connection.session)
        except (ConnectionError, TimeoutError) as error:
            self.close()
            if connection.is_overdue or isinstance(error, TimeoutError):
                raise ErpUnreachable(
                    f"{self.url}: {what}: no answer within {seconds:g} seconds",
                    remedy="the connection was given up and the next pass tries again; if that lasts, the server hangs",
                ) from error
            raise
        except BaseException:
            if connection.session.is_busy:  # answers to what broke off are still under way
                self.close()
            raise

    def _connected(self) -> Connection:
        if self._connection is not None and (not self._connection.is_alive or self._connection.idle_seconds > IDLE_SECONDS):
            self.close()
        if self._connection is None:
            with reachable(self._to):
                self._connection = Connection(self._settings, self._to, self._deadlines)
        return self._connection

    def _path(self, where: tuple[bytes, ...] | list[bytes]) -> bytes:
        root = self._to.root
        return b"/".join((b"" if root == b"/" and where else root, *where))

    def _demand_root(self, session: Session) -> None:
        if session.stat(self._path(())) is None:
            raise missing_root(self.url)

    def _make_folders(self, session: Session, where: tuple[bytes, ...] | list[bytes]) -> None:
        for depth in range(1, len(where) + 1):
            path = self._path(where[:depth])
            if session.stat(path) is None:
                self._demand_root(session)
                session.mkdir(path, files.FOLDER_MODE)

    def _write(self, session: Session, base: str, content: bytes) -> str:
        """Write a new file in `.partial/`; its size is looked at afterwards, since a server may lose bytes silently."""
        name = f"{base}.{uuid4().hex}"
        path = self._path((*PARTIAL, name.encode()))
        try:
            session.write(path, content, files.FILE_MODE)
            _demand_size(session.lstat(path), len(content))
        except (ConnectionError, TimeoutError):
            raise
        except OSError:
            self._discard(session, name)
            raise
        return name

    def _presence(self, session: Session, partial: Partial) -> Presence:
        if session.lstat(self._path((*PARTIAL, partial.name.encode()))) is not None:
            return Presence.THERE
        return Presence.GONE if self._read_id(session) == partial.folder_id else Presence.UNKNOWN

    def _folder_id(self, session: Session) -> str:
        """Return the id of `.partial/`; make it where there is none."""
        path = self._path(ID_PATH)
        if session.lstat(path) is None:
            temporary = self._write(session, "id", uuid4().hex.encode())
            try:
                session.rename(self._path((*PARTIAL, temporary.encode())), path)
            except OSError:
                if session.lstat(path) is None:
                    raise
                self._discard(session, temporary)  # another process was quicker; its id holds
        return self._read_id(session) or damaged_id(f"{self.url}/{PARTIAL_FOLDER}/{FOLDER_ID}")

    def _read_id(self, session: Session) -> str:
        said = session.lstat(self._path(ID_PATH))
        if said is None or not said.is_regular or said.size > len(NO_ID):
            return ""
        return b"".join(session.read(self._path(ID_PATH), said.size)).decode("ascii", "replace").strip()

    def _discard(self, session: Session, name: str) -> None:
        try:
            session.remove(self._path((*PARTIAL, name.encode())))
        except FileNotFoundError:
            return

    def _offers(self, session: Session) -> list[str]:
        transport = self._connected().transport
        key = transport.get_remote_server_key()
        cipher = getattr(transport, "remote_cipher", "")
        renames = "one step (posix-rename)" if POSIX_RENAME in session.extensions else "the protocol's rename; posix-rename is not offered"
        synced = "synced to its disk (fsync)" if FSYNC in session.extensions else "not synced: the server does not offer fsync"
        return [
            f"the server is {transport.remote_version}, host key {key.get_name()} {key.fingerprint}",
            f"encrypted with {cipher}",
            f"files are published by {renames} and {synced}",
        ]


def _demand_size(said: Attributes | None, size: int) -> None:
    if said is None or said.size != size:
        raise OSError(errno.ENOSPC, f"the server did not keep all of {size} bytes")


def _is_still(said: Attributes | None, file: SourceFile) -> bool:
    return said is not None and said.is_regular and (said.size, _instant(said)) == (file.size, file.modified_at)


def _instant(said: Attributes) -> datetime:
    return datetime.fromtimestamp(said.modified, UTC)


def _source_file(where: tuple[bytes, ...] | list[bytes], name: bytes, said: Attributes) -> SourceFile:
    raw = b"/".join((*where, name))
    return SourceFile(readable(raw), raw, said.size, _instant(said))
