"""Keeping what a person did at the command line, under the name of the operating system's user: beside the console's acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.app import App


def kept(app: App, what: str, about: object, outcome: str = "", *, failed: bool = False) -> None:
    """Keep an act by name. `about` is never a person's data."""
    from connector.usecases import acting
    from connector.usecases.logins import login

    acting.note(app, what, str(about), who=login(), via="cli", outcome=outcome, failed=failed)
