"""The ERP's files in folders of this machine (or mounted here).

Nothing below the root is followed that is a link, and nothing is opened but regular files: a pipe would block, a link could point anywhere.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from connector.erp import files
from connector.erp.digest import digesting
from connector.erp.failures import changed, damaged_id, missing_root, occupied, other_folder
from connector.erp.names import FOLDER_ID, PARTIAL_FOLDER, final_parts, is_name, parts, readable, unfinished_name
from connector.erp.store import Partial, Presence, SourceFile

PARTIAL = (PARTIAL_FOLDER.encode(),)
ID_FILE = FOLDER_ID.encode()


class LocalStore:
    """`FileStore` over a folder. Files it publishes have `file_mode`, folders it makes for them what goes with it; all else is private."""

    def __init__(self, root: Path, file_mode: int = files.FILE_MODE) -> None:
        self.root = root
        self._file_mode = file_mode
        self.url = f"file:{root}"

    def listing(self, folder: str) -> list[SourceFile]:
        where = parts(folder)
        with files.translated(self._place(where), is_one_of_many=bool(where)):
            try:
                with self._folder(where) as opened, os.scandir(opened) as entries:
                    return [file for entry in entries if (file := _look(opened, where, os.fsencode(entry.name)))]
            except FileNotFoundError:
                return []

    def stat(self, file: SourceFile) -> SourceFile | None:
        *where, name = parts(file.raw_name)
        with files.translated(self._place(where), is_one_of_many=bool(where)):
            try:
                with self._folder(where) as folder:
                    return _look(folder, where, name)
            except FileNotFoundError:
                return None

    def fetch(self, file: SourceFile, to: Path) -> str:
        *where, name = parts(file.raw_name)
        with files.translated(f"{self.root}/{file.name}", is_one_of_many=True), self._reading(file) as source:
            before = os.fstat(source)
            if not files.is_regular(before) or (before.st_size, files.instant(before.st_mtime_ns)) != (file.size, file.modified_at):
                raise changed(file)
            digest = _copy(source, to, before.st_size)
            with self._folder(where) as folder:
                after = os.stat(name, dir_fd=folder, follow_symlinks=False) if files.exists(name, folder) else None
            if digest is None or after is None or files.fingerprint(before) != files.fingerprint(after):
                to.unlink(missing_ok=True)
                raise changed(file)
            return digest

    def remove(self, file: SourceFile) -> bool:
        if self.stat(file) != file:
            return False
        *where, name = parts(file.raw_name)
        with files.translated(f"{self.root}/{file.name}", is_one_of_many=True):
            try:
                with self._folder(where) as folder:
                    os.unlink(name, dir_fd=folder)
                    os.fsync(folder)
            except FileNotFoundError:
                return False
        return True

    def write_partial(self, final: str, content: bytes, owner: str = "") -> Partial:
        name = unfinished_name(final, owner)
        with files.translated(self._place(PARTIAL)), self._folder(PARTIAL, make=True) as folder:
            folder_id = self._folder_id(folder)
            files.write_durably(name.encode(), content, folder, self._file_mode)
        return Partial(name, folder_id, final)

    def presence(self, partial: Partial) -> Presence:
        with files.translated(self._place(PARTIAL)):
            try:
                with self._folder(PARTIAL) as folder:
                    if files.exists(partial.name.encode(), folder):
                        return Presence.THERE
                    return Presence.GONE if _read_id(folder) == partial.folder_id else Presence.UNKNOWN
            except FileNotFoundError:
                return Presence.UNKNOWN

    def publish(self, partial: Partial) -> None:
        *where, name = final_parts(partial.final)
        with files.translated(f"{self.root}/{partial.final}"):
            try:
                with self._folder(where, make=True) as folder, self._folder(PARTIAL) as waiting:
                    files.rename_without_replacing(partial.name.encode(), waiting, name, folder)
                    os.fsync(folder)
                    os.fsync(waiting)
            except FileExistsError:
                raise occupied(self.url, partial) from None
            except FileNotFoundError:
                presence = self.presence(partial)
                if presence is Presence.UNKNOWN:
                    raise other_folder(self.url, partial) from None
                if presence is Presence.THERE:
                    raise
                # gone: it was published before, and repeating that is harmless

    def discard(self, partial: Partial) -> None:
        with files.translated(self._place(PARTIAL)):
            try:
                with self._folder(PARTIAL) as folder:
                    os.unlink(partial.name.encode(), dir_fd=folder)
                    os.fsync(folder)
            except FileNotFoundError:
                return

    def put(self, name: str, content: bytes) -> None:
        *where, last = final_parts(name)
        temporary = f"put.{uuid4().hex}".encode()
        place = f"{self.root}/{name}"
        with files.translated(place), self._folder(where, make=True) as folder, self._folder(PARTIAL, make=True) as waiting:
            files.write_durably(temporary, content, waiting, self._file_mode)
            os.rename(temporary, last, src_dir_fd=waiting, dst_dir_fd=folder)
            os.fsync(folder)

    def describe(self) -> list[str]:
        with files.translated(str(self.root)), self._folder(()):
            rights = "readable and writable" if os.access(self.root, os.R_OK | os.W_OK | os.X_OK) else "not writable"
            free = shutil.disk_usage(self.root).free // 1_000_000
        return [f"{self.root} is a folder of this machine, {rights}, {free} MB free"]

    def close(self) -> None:
        """Nothing is kept open."""

    def _place(self, where: tuple[bytes, ...] | list[bytes]) -> str:
        return "/".join((str(self.root), *(readable(part) for part in where)))

    @contextmanager
    def _folder(self, where: tuple[bytes, ...] | list[bytes], *, make: bool = False) -> Iterator[int]:
        """Open a folder below the root, link by link refused. FileNotFoundError is the folder's; a missing root is ErpUnreachable."""
        opened = self._open_root()
        try:
            for name in where:
                if make:
                    files.make_folder(name, opened, files.FOLDER_MODE if name in PARTIAL else files.folder_mode(self._file_mode))
                below = os.open(name, files.FOLDER | os.O_NOFOLLOW, dir_fd=opened)
                os.close(opened)
                opened = below
            yield opened
        finally:
            os.close(opened)

    def _open_root(self) -> int:
        with files.translated(str(self.root)):
            try:
                return os.open(self.root, files.FOLDER)
            except FileNotFoundError as error:
                raise missing_root(str(self.root)) from error

    @contextmanager
    def _reading(self, file: SourceFile) -> Iterator[int]:
        *where, name = parts(file.raw_name)
        try:
            with self._folder(where) as folder:
                source = os.open(name, files.READING, dir_fd=folder)
        except OSError as error:
            if isinstance(error, PermissionError):
                raise
            raise changed(file) from error  # gone, or a link by now
        try:
            yield source
        finally:
            os.close(source)

    def _folder_id(self, folder: int) -> str:
        """Return the id of `.partial/`; make it where there is none."""
        if not files.exists(ID_FILE, folder):
            temporary = f"id.{uuid4().hex}".encode()
            files.write_durably(temporary, uuid4().hex.encode(), folder)
            try:
                files.rename_without_replacing(temporary, folder, ID_FILE, folder)
            except FileExistsError:  # another process was quicker; its id holds
                os.unlink(temporary, dir_fd=folder)
            os.fsync(folder)
        return _read_id(folder) or damaged_id(f"{self._place(PARTIAL)}/{FOLDER_ID}")


def _look(folder: int, where: tuple[bytes, ...] | list[bytes], name: bytes) -> SourceFile | None:
    """Look at one name of an open folder; None where it is gone or no regular file."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not files.is_regular(status) or not is_name(name):
        return None
    raw = b"/".join((*where, name))
    return SourceFile(readable(raw), raw, status.st_size, files.instant(status.st_mtime_ns))


def _copy(source: int, to: Path, size: int) -> str | None:
    """Copy to a new file and return the SHA-256; None where there were more or fewer bytes than `size`."""
    copied = 0
    with digesting() as digest, files.new_file(to) as write:
        while chunk := os.read(source, files.CHUNK_BYTES):
            digest.update(chunk)
            write(chunk)
            copied += len(chunk)
        return digest.hexdigest() if copied == size else None


def _read_id(folder: int) -> str:
    try:
        descriptor = os.open(ID_FILE, files.READING, dir_fd=folder)
    except FileNotFoundError:
        return ""
    try:
        return os.read(descriptor, 64).decode("ascii", "replace").strip()
    finally:
        os.close(descriptor)
