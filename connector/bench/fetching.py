"""The product's own download, alone: `python -m connector.bench.fetching CONFIG FOLDER NAME TO` prints the seconds, imports left out."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from connector import settings as settings_module
from connector.erp.opening import open_store
from connector.erp.store import SourceFile


def main(config: str, folder: str, name: str, to: str) -> float:
    """Connect, find the file, fetch it with its checks (sizes, hash, synced to the disk); returns the seconds."""
    settings = settings_module.load(Path(config))
    store = open_store(settings, settings.erp.source)
    started = time.perf_counter()
    file = _found(store.listing(folder), name)
    store.fetch(file, Path(to))
    seconds = time.perf_counter() - started
    store.close()
    return seconds


def _found(listed: list[SourceFile], name: str) -> SourceFile:
    return next(file for file in listed if file.name.endswith(name))


if __name__ == "__main__":
    import connector.erp.sftp  # noqa: F401  # loaded before the clock starts, as the peers' libraries are

    print(main(*sys.argv[1:]))
