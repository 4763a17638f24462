"""Commands that keep the database safe: backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from connector.cli import show
from connector.cli.opening import AsJson, open_app
from connector.errors import UsageError


def backup(
    context: typer.Context,
    *,
    listing: Annotated[bool, typer.Option("--list", help="Make none; list those that are there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Copy the database while everything runs, and check the copy.

    For PostgreSQL it calls pg_dump. Copies past their days are removed.
    """
    from connector.usecases import backups

    app = open_app(context, schema=not listing)
    made = backups.known(app) if listing else [backups.make(app)]
    if as_json:
        show.document({"backups": [one.as_dict() for one in made]} if listing else made[0].as_dict())
        return
    for one in made:
        show.say(f"{one.at:%Y-%m-%d %H:%M:%S} UTC  {backups.written(one.size):>10}  {one.path}" if listing else backups.sentence(one))
    if not made:
        show.say(f"there is no backup in {backups.folder(app)}")


def restore(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="A backup; without it, the newest.")] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Also where the present database is whole.")] = False,
    done: Annotated[bool, typer.Option("--done", help="PostgreSQL, after pg_restore: lay aside what the ERP may have since.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup in the database's place.

    Stop the daemon and the API first. The database that was there is kept, and what happened since is said.
    """
    from connector.usecases import restoring

    if done:
        _after_pg_restore(context, file, as_json=as_json)
    restored = restoring.restore(open_app(context, schema=False), file, force=force)
    if as_json:
        show.document(restored.as_dict())
    else:
        for line in restoring.sentences(restored):
            show.say(line)
    _end(restoring.warnings(restored))


def _after_pg_restore(context: typer.Context, file: Path | None, *, as_json: bool) -> NoReturn:
    from connector.usecases import restoring

    if file is not None:
        raise UsageError("--done restores nothing", remedy=f"restore {file} by pg_restore first, then: connector restore --done")
    count = restoring.lay_aside(open_app(context))
    if as_json:
        show.document({"erp_files_laid_aside": count})
    elif not count:
        show.say("no file for the ERP was waiting")
    _end(restoring.doubts(count))


def _end(warnings: list[str]) -> NoReturn:
    for line in warnings:
        show.complain(line)
    raise typer.Exit(1 if warnings else 0)
