"""Commands around a project directory: init, migrate, demo, bench."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli import show
from connector.cli.opening import open_app
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.app import App

SKELETON = Path(__file__).parent.parent / "skeleton"
FOLDERS = ("inbox/invoices", "inbox/tracking", "inbox/cancellations", "inbox/acks", "outbox")


def init(directory: Annotated[Path, typer.Argument(metavar="DIR", help="A directory that does not exist yet, or is empty.")]) -> None:
    """Make a new project directory.

    Commented settings, sample ERP files, inbox and outbox.
    """
    import shutil

    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f"{directory} is there already and not empty; nothing was written", remedy="name another directory")
    try:
        shutil.copytree(SKELETON, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        (directory / "gitignore").rename(directory / ".gitignore")
        for folder in FOLDERS:
            (directory / folder).mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(f"{directory} cannot be written: {error.strerror}") from error
    show.say(f"Made {directory}. Next:")
    for step in (
        f"  1. cd {directory}, and look through config/connector.toml: the marketplace, the ERP's folders.",
        "  2. export VTEX_APP_KEY=... VTEX_APP_TOKEN=...   (or use file: for secrets)",
        "  3. connector check",
        "  4. connector run refresh-snapshot   (inbox/ holds sample files; replace them with your ERP's)",
        "  5. connector daemon, and connector serve",
    ):
        show.say(step)


def migrate(
    context: typer.Context,
    *,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="URL", help="Copy everything from SQLite into this empty PostgreSQL database, and compare."),
    ] = None,
) -> None:
    """Create the database's schema, or upgrade it; or move to another database.

    Passwords for --to belong into ~/.pgpass or $PGPASSWORD, not on the command line.
    """
    from connector.storage import database

    app = open_app(context, schema=False)
    if to is not None:
        _move(app, to)
        return
    show.say("the schema was upgraded" if database.migrate(app.db) else "the schema is up to date")


def _move(app: App, url: str) -> None:
    from connector.settings.masking import masked
    from connector.usecases import moving

    copied = moving.move(app, url, lambda one: show.say(f"  {one.table:<16}{one.rows:>12} rows  {one.checksum}") if one.rows else None)
    show.say(f"Copied and compared {sum(one.rows for one in copied)} rows of {len(copied)} tables. {app.db.path} is used no more.")
    said = f'Now set database.url = "{masked(url)}" in {app.settings.config_path}'
    show.say(f"{said}, then: connector check, and start all again.")


def demo(*, once: Annotated[bool, typer.Option("--once", help="End by itself: 0 when every step was seen to work.")] = False) -> None:
    """Play the whole job, on this machine alone.

    With a marketplace sandbox and a legacy ERP; stays up until Ctrl-C.
    """
    from connector.demo.story import play

    raise typer.Exit(play(once=once or not sys.stdin.isatty()))


def bench(context: typer.Context) -> None:
    """Measure the product beside what else one might use.

    Refresh, simulation, orders, notifications, SFTP, start.
    """
    from connector.bench.command import main

    raise typer.Exit(main(context.args))
