"""Dump our tables of a PostgreSQL database by its own program, where that is installed."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from connector.errors import DatabaseUnreachable
from connector.storage.database import Database
from connector.storage.tables import metadata

OURS = (*sorted(metadata.tables), "alembic_version")
CLEAR = f"BEGIN; DROP TABLE IF EXISTS {', '.join(OURS)} CASCADE;"
"""A dump of an older version knows nothing of the tables made since, and clears none of them away.

Nobody else's tables are touched, but by dumps made before `command` named ours: they hold the whole database.
"""
PSQL = ("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null")


def command(database: Database, path: Path) -> list[str]:
    """Return the command that dumps our tables; the password is not in it: pg_dump takes it from PGPASSWORD or ~/.pgpass."""
    ours = (f"--table={name}" for name in OURS)
    return ["pg_dump", "--no-password", "--format=custom", *ours, f"--file={path}", f"--dbname={_place(database)}"]


def restore_command(database: Database, path: Path) -> str:
    """Return the line for a shell that puts a dump in the place of all our tables; of one that breaks off, nothing."""
    read = shlex.join(["pg_restore", "--clean", "--if-exists", "--file=-", str(path)])
    target = shlex.join([*PSQL, f"--dbname={_place(database)}"])
    return f"{{ echo {CLEAR!r}; {read} && echo 'COMMIT;' || echo 'FAILED;'; }} | {target}"


def _place(database: Database) -> str:
    """Name the database as the driver is told it, all that stands in the address's query too; not its password."""
    from psycopg.conninfo import make_conninfo  # not for those who run on SQLite

    _, given = database.engine.dialect.create_connect_args(database.engine.url)
    return make_conninfo(**{name: value for name, value in given.items() if name not in ("password", "context")})


def dump(database: Database, path: Path) -> None:
    """Dump our tables to a new file (0600), and have its table of contents read. Raises DatabaseUnreachable."""
    line = command(database, path)
    if shutil.which(line[0]) is None:
        raise DatabaseUnreachable(
            "pg_dump is not installed here", remedy=f"install PostgreSQL's client, or run where it is: {shlex.join(line)}"
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
        raise DatabaseUnreachable(f"{line[0]} could not do it: {said}", remedy=f"try it by hand: {shlex.join(line)}")
