"""Dump a PostgreSQL database by its own program, where that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from connector.errors import DatabaseUnreachable
from connector.storage.database import Database


def command(database: Database, path: Path) -> list[str]:
    """Return the command that dumps the database; the password is not in it: pg_dump takes it from PGPASSWORD or ~/.pgpass."""
    url = database.engine.url
    place = [("--host", url.host), ("--port", url.port), ("--username", url.username), ("--dbname", url.database)]
    named = [f"{option}={value}" for option, value in place if value]
    return ["pg_dump", "--no-password", "--format=custom", f"--file={path}", *named]


def restore_command(database: Database, path: Path) -> str:
    """Return the command that puts a dump back."""
    url = database.engine.url
    place = [("--host", url.host), ("--port", url.port), ("--username", url.username), ("--dbname", url.database)]
    named = [f"{option}={value}" for option, value in place if value]
    return " ".join(["pg_restore", "--clean", "--if-exists", "--single-transaction", *named, str(path)])


def dump(database: Database, path: Path) -> None:
    """Dump the database to a new file (0600), and have its table of contents read. Raises DatabaseUnreachable."""
    line = command(database, path)
    if shutil.which(line[0]) is None:
        raise DatabaseUnreachable(
            "pg_dump is not installed here", remedy=f"install PostgreSQL's client, or run where it is: {' '.join(line)}"
        )
    partial = path.with_name(f".{path.name}.partial")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        partial.touch(mode=0o600)
        _run(command(database, partial), database)
        _run(["pg_restore", "--list", str(partial)], database)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _run(line: list[str], database: Database) -> None:
    password = database.engine.url.password
    alone = {"PGPASSWORD": password, "PATH": os.defpath} if password else None
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=alone)  # noqa: S603  # its own program, our arguments
    if done.returncode:
        said = " ".join(done.stderr.split())
        raise DatabaseUnreachable(f"{line[0]} could not do it: {said}", remedy=f"try it by hand: {' '.join(line)}")
