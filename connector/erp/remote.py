"""A store's folder on the server, as one session sees it: paths, and the unfinished files in its `.partial/`."""

from __future__ import annotations

import errno
import stat
from uuid import uuid4

from connector.erp import files
from connector.erp.failures import damaged_id, missing_root, occupied, other_folder
from connector.erp.names import FOLDER_ID, PARTIAL_FOLDER
from connector.erp.packets import Attributes
from connector.erp.session import POSIX_RENAME, Session
from connector.erp.store import Partial, Presence

PARTIAL = (PARTIAL_FOLDER.encode(),)
ID_PATH = (*PARTIAL, FOLDER_ID.encode())
LONGEST_ID = 64
Where = tuple[bytes, ...]


class Remote:
    def __init__(self, session: Session, root: bytes, url: str, file_mode: int = files.FILE_MODE) -> None:
        self.session, self._file_mode = session, file_mode
        self._root, self._url = root, url

    def path(self, where: Where) -> bytes:
        return b"/".join((b"" if self._root == b"/" and where else self._root, *where))

    def waiting(self, name: str) -> bytes:
        return self.path((*PARTIAL, name.encode()))

    def write_partial(self, final: str, name: str, content: bytes) -> Partial:
        self.make_folders(PARTIAL)
        folder_id = self.folder_id()
        return Partial(self.write(name, content, self._file_mode), folder_id, final)

    def publish(self, partial: Partial, final: Where) -> None:
        """Rename to the free final name. A server knows no rename that is one step and refuses to replace: it is looked at just before."""
        self.make_folders(final[:-1])
        presence = self.presence(partial)
        if presence is Presence.GONE:
            return  # published before, or by a call whose answer was lost
        if presence is Presence.UNKNOWN:
            raise other_folder(self._url, partial)
        if self.session.lstat(self.path(final)) is not None:
            raise occupied(self._url, partial)
        self.session.posix_rename(self.waiting(partial.name), self.path(final))

    def put(self, final: Where, content: bytes) -> None:
        self.make_folders(final[:-1])
        self.make_folders(PARTIAL)
        temporary, path = self.write(f"put.{uuid4().hex}", content, self._file_mode), self.path(final)
        if POSIX_RENAME not in self.session.extensions and self.session.lstat(path) is not None:
            self.session.remove(path)
        self.session.posix_rename(self.waiting(temporary), path)

    def demand_root(self) -> None:
        if self.session.stat(self.path(())) is None:
            raise missing_root(self._url)

    def make_folders(self, where: Where) -> None:
        for depth in range(1, len(where) + 1):
            path = self.path(where[:depth])
            if self.session.stat(path) is None:
                self.demand_root()
                self._make_folder(path, files.FOLDER_MODE if where == PARTIAL else files.folder_mode(self._file_mode))

    def _make_folder(self, path: bytes, mode: int) -> None:
        self.session.mkdir(path, files.FOLDER_MODE)
        if mode != files.FOLDER_MODE:
            made = self.session.stat(path)
            self.session.chmod(path, mode | ((made.mode or 0) & stat.S_ISGID if made else 0))  # a group that it inherits it passes on

    def write(self, name: str, content: bytes, mode: int = files.FILE_MODE) -> str:
        """Write a new file in `.partial/` and return its name; its size is looked at afterwards: a server may lose bytes silently."""
        path = self.waiting(name)
        try:
            self.session.write(path, content, mode)
            _demand_size(self.session.lstat(path), len(content))
        except (ConnectionError, TimeoutError):
            raise
        except OSError:
            self.discard(name)
            raise
        return name

    def presence(self, partial: Partial) -> Presence:
        if self.session.lstat(self.waiting(partial.name)) is not None:
            return Presence.THERE
        if self.read_id() == partial.folder_id:
            return Presence.GONE
        self.demand_root()
        return Presence.UNKNOWN

    def folder_id(self) -> str:
        """Return the id of `.partial/`; make it where there is none."""
        path = self.path(ID_PATH)
        if self.session.lstat(path) is None:
            temporary = self.write(f"id.{uuid4().hex}", uuid4().hex.encode())
            try:
                self.session.rename(self.waiting(temporary), path)
            except OSError:
                if self.session.lstat(path) is None:
                    raise
                self.discard(temporary)  # another process was quicker; its id holds
        return self.read_id() or damaged_id(f"{self._url}/{PARTIAL_FOLDER}/{FOLDER_ID}")

    def read_id(self) -> str:
        said = self.session.lstat(self.path(ID_PATH))
        if said is None or not said.is_regular or said.size > LONGEST_ID:
            return ""
        return b"".join(self.session.read(self.path(ID_PATH), said.size)).decode("ascii", "replace").strip()

    def discard(self, name: str) -> None:
        try:
            self.session.remove(self.waiting(name))
        except FileNotFoundError:
            return


def _demand_size(said: Attributes | None, size: int) -> None:
    if said is None or said.size != size:
        raise OSError(errno.ENOSPC, f"the server did not keep all of {size} bytes")
