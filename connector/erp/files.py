"""What local files need to be safe: made new and private, made durable, moved without overwriting, never links or pipes."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connector.errors import ErpPlaceUnusable, ErpUnreachable

FILE_MODE = 0o600
FOLDER_MODE = 0o700
CHUNK_BYTES = 256 * 1024
READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # NONBLOCK: opening a pipe without a writer would wait for ever
CREATING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

NOREPLACE = 1
NOT_OFFERED = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
"""What lies beyond has no day in some time zones."""

REMEDIES = {
    errno.EACCES: "give the connector's user the right to read, write and remove there",
    errno.EPERM: "give the connector's user the right to read, write and remove there",
    errno.ENOSPC: "free some space there; the next pass tries again",
    errno.EDQUOT: "free some space there; the next pass tries again",
    errno.EROFS: "mount it writable; the next pass tries again",
    errno.ELOOP: "put a folder there: a file does not do, and links are not followed",
    errno.ENOTDIR: "put a folder there: a file does not do, and links are not followed",
    errno.ENOENT: "create or mount it; the next pass tries again",
}
ONE_PLACE = (errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ELOOP)
"""What keeps a file or folder from being used, and no other."""


@contextmanager
def translated(place: str, *, is_one_of_many: bool = False) -> Iterator[None]:
    """Turn what the system says into ErpUnreachable, naming the place and the remedy.

    Where it `is_one_of_many`, what keeps it alone from being used is ErpPlaceUnusable.
    """
    try:
        yield
    except OSError as error:
        remedy = REMEDIES.get(error.errno or 0, "see to the disk or the mount; the next pass tries again")
        kind = ErpPlaceUnusable if is_one_of_many and error.errno in ONE_PLACE else ErpUnreachable
        raise kind(f"{place} cannot be used: {error.strerror or error}", remedy=remedy) from error


def instant(nanoseconds: int) -> datetime:
    """Return a file's time as aware UTC, in microseconds; times beyond the calendar are its last day."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    try:
        found = datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=rest // 1000)
    except (OverflowError, ValueError):
        return LATEST
    return found if EARLIEST <= found < LATEST else LATEST


def fingerprint(status: os.stat_result) -> tuple[int, int, int, int]:
    """Return what changes when a file's bytes do: another file, size, time, or the time of the last change of any kind."""
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


@contextmanager
def new_file(path: Path) -> Iterator[Callable[[bytes], None]]:
    """Make a file that was not there (0600) and yield what writes to it; it is removed again where anything is raised."""
    with translated(str(path)):
        descriptor = os.open(path, CREATING, FILE_MODE)

    def write(content: bytes) -> None:
        with translated(str(path)):
            write_all(descriptor, content)

    try:
        yield write
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    for start in range(0, len(view), CHUNK_BYTES):
        chunk = view[start : start + CHUNK_BYTES]
        while chunk:
            chunk = chunk[os.write(descriptor, chunk) :]


def write_durably(name: bytes, content: bytes, folder: int, mode: int = FILE_MODE) -> None:
    """Write a new file into an open folder; file and name are on the disk when this returns. A failed one is removed."""
    descriptor = os.open(name, CREATING, FILE_MODE, dir_fd=folder)
    try:
        if mode != FILE_MODE:
            os.fchmod(descriptor, mode)  # the process's umask does not count: the settings ask for this very mode
        write_all(descriptor, content)
        os.fsync(descriptor)  # once: after a failed one the kernel may have dropped the pages, so the file is thrown away
    except BaseException:
        os.unlink(name, dir_fd=folder)
        raise
    finally:
        os.close(descriptor)
    os.fsync(folder)


def sync_folder(path: Path) -> None:
    descriptor = os.open(path, FOLDER)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def folder_mode(file_mode: int) -> int:
    """Return what a folder needs: whoever may read its files lists and enters it, whoever may write them takes them away."""
    return file_mode | (file_mode & 0o444) >> 2


def make_folder(name: bytes, parent: int, mode: int = FOLDER_MODE) -> None:
    """Make a folder in an open one, durably; nothing where it is there. A group that it inherits (setgid) it passes on."""
    try:
        os.mkdir(name, FOLDER_MODE, dir_fd=parent)
    except FileExistsError:
        return
    if mode != FOLDER_MODE:
        inherited = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode & stat.S_ISGID
        os.chmod(name, mode | inherited, dir_fd=parent)
    os.fsync(parent)


def is_regular(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode)


def exists(name: bytes, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def renameat2(source: bytes, source_folder: int, target: bytes, target_folder: int) -> int:
    """Ask the kernel for a rename that does not replace; return 0 or the error's number."""
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        call = libc.renameat2
    except AttributeError:  # a C library without it
        return errno.ENOSYS
    return 0 if call(source_folder, source, target_folder, target, NOREPLACE) == 0 else ctypes.get_errno()


def rename_without_replacing(
    source: bytes, source_folder: int, target: bytes, target_folder: int, kernel: Callable[[bytes, int, bytes, int], int] = renameat2
) -> None:
    """Rename in one step of the kernel's, refusing to overwrite (FileExistsError).

    Where the file system does not offer that (NFS, some FUSE), look first and rename then: a file that somebody else puts there
    between the two would be overwritten. A link and an unlink would leave both names in between, and the partial file is the commit record.
    """
    code = kernel(source, source_folder, target, target_folder)
    if code in NOT_OFFERED:
        if exists(target, target_folder):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        os.rename(source, target, src_dir_fd=source_folder, dst_dir_fd=target_folder)
    elif code:
        raise OSError(code, os.strerror(code))
