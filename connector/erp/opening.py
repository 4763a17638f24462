"""Which store an address names."""

from __future__ import annotations

from connector.erp.store import FileStore
from connector.settings import Settings


def open_store(settings: Settings, url: str) -> FileStore:
    """Return the store that a `file:` or `sftp://` address names; relative folders lie in the project directory."""
    if url.startswith("file:"):
        from connector.erp.local import LocalStore

        return LocalStore(settings.path(url.removeprefix("file:")), settings.erp.mode)
    from connector.erp.sftp import SftpStore

    return SftpStore(settings, url)
