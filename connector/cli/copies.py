"""Commands that keep the database safe: backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.cli import show
from connector.cli.opening import AsJson, open_app


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
    as_json: AsJson = False,
) -> None:
    """Put a backup in the database's place.

    Stop the daemon and the API first. The database that was there is kept, and what happened since is said.
    """
    from connector.usecases import restoring

    done = restoring.restore(open_app(context, schema=False), file, force=force)
    if as_json:
        show.document(done.as_dict())
    else:
        for line in restoring.sentences(done):
            show.say(line)
    for line in restoring.warnings(done):
        show.complain(line)
    raise typer.Exit(1 if restoring.warnings(done) else 0)
