"""A PostgreSQL server on loopback, as durable as its defaults make it, and the refresh of a snapshot on it."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connector.bench.serving import free_port, served

PROGRAMS = Path("/usr/lib/postgresql")
OLDEST = 15
"""Older versions cannot copy a database by its files."""


def programs() -> Path | None:
    """Return the newest version's folder of programs, None where no PostgreSQL of today is installed."""
    found = {int(path.parts[-3]): path.parent for path in PROGRAMS.glob("*/bin/initdb")}
    newest = max(found, default=0)
    return found[newest] if newest >= OLDEST else None


@contextmanager
def running(where: Path) -> Iterator[str]:
    """Run a server without passwords in a folder of its own; yields its address without a database's name."""
    user = "postgres" if os.getuid() == 0 else getpass.getuser()  # it refuses to run as root
    folder, port = Path(tempfile.mkdtemp(prefix="connector-bench-postgresql-")), free_port()
    try:
        shutil.chown(folder, user)
        data = ["-D", str(folder / "data")]
        made = [str(where / "initdb"), *data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd=folder, **_as(user))
        options = ["-h", "127.0.0.1", "-p", str(port), "-k", str(folder)]
        with served([str(where / "postgres"), *data, *options], port, folder.with_suffix(".log"), **_as(user)):
            yield f"postgres@127.0.0.1:{port}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_suffix(".log").unlink(missing_ok=True)


def _as(user: str) -> dict[str, Any]:
    if os.getuid() != 0:
        return {}
    account = pwd.getpwnam(user)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
