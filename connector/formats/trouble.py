"""What a file's reading error means: the file's own fault, or this machine's at the moment."""

from __future__ import annotations

import errno
from pathlib import Path

from connector.errors import ConnectorError, FileRefused, FileUnreadable

PASSING = {errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EROFS, errno.ESTALE}
"""A full or failing disk and a lack of memory or descriptors: no file is refused for what its reader lacked."""


def unreadable(path: Path, error: OSError) -> ConnectorError:
    """Return the error to raise: FileUnreadable where the next pass may fare better, else FileRefused."""
    said = f"{path.name}: it cannot be read ({error.strerror or error})"
    if error.errno in PASSING:
        return FileUnreadable(said, remedy="see to the disk; the file stays where it is, and the next pass tries again")
    return FileRefused(said, remedy="is it a file, and readable?")
