"""What every command starts with: the global options, the settings, the database at its newest schema."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from connector.app import App

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of words.")]


@dataclass(frozen=True, slots=True)
class Call:
    """The global options of one call."""

    config: str | None = None
    debug: bool = False


def call_of(context: typer.Context) -> Call:
    found = context.find_object(Call)
    return found or Call()


def config_path(context: typer.Context) -> Path:
    """Say which settings file this call uses."""
    from connector import settings

    return settings.locate(call_of(context).config)


def open_app(context: typer.Context, *, schema: bool = True, least: str = "WARNING", as_owner: bool = True) -> App:
    """Read the settings, send logs from a level on to standard error, and make sure of the schema.

    By hand only warnings are logged: what was done is the command's answer. A service stays who it is (`as_owner` false): its port and
    secrets may be root's alone.

    Raises SettingsError, SchemaBehind, or what the database raises when it cannot be reached.
    """
    from connector import app, log
    from connector.cli import owner
    from connector.storage import database
    from connector.usecases.schedules import refuse_unknown
    from jobs import DEFAULT_SCHEDULES

    os.umask(0o077)  # what holds personal data is for this user alone; files for the ERP get the mode that the settings ask for
    log.configure(logging.DEBUG if call_of(context).debug else logging.getLevelNamesMapping()[least])
    opened = app.load(config_path(context))
    if as_owner:
        owner.become(opened.root)
    refuse_unknown(opened.settings, DEFAULT_SCHEDULES)
    if schema:
        database.ready(opened.db)
    return opened
