"""Whose a file is that this process may not use: root's, mostly, left by a command that root ran."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from connector.errors import Misuse

_given_up: list[Path] = []
"""The var/ of the user whom this process became when it was root's."""


def was_roots(var: Path) -> None:
    """Note that this process was root's, and is now of the user that a project's var/ belongs to."""
    _given_up.append(var)


def refused(path: Path) -> Misuse:
    """Name whose the file is, or the folder that it lies in where not even that can be looked into, and what to do."""
    place, owner = _seen(path)
    whose, ours = _name(owner), _name(os.geteuid())
    return Misuse(f"{place} belongs to {whose}, and {ours} may not use it", remedy=_remedy(place, whose, ours))


def _remedy(place: Path, whose: str, ours: str) -> str:
    if not _given_up:
        return f"if the services run as {ours}: chown {ours} {place}; else run this as {whose}"
    var = next((var for var in _given_up if place.is_relative_to(var)), None)
    return f"what root calls here is done as {ours}: {f'chown -R {ours} {var}' if var else f'chown {ours} {place}'}"


def refuse(path: Path) -> None:
    """Raise Misuse where a file is there that this process may not read; on a read-only disk it may."""
    if is_there(path) and not os.access(path, os.R_OK):
        raise refused(path)


def refuse_named(path: Path, into: str = "a folder of that user's") -> None:
    """Raise Misuse where a file that somebody named is there, or may be, and this process may not read it."""
    if not _may_read(path):
        ours = _name(os.geteuid())
        raise Misuse(f"{ours} may not read {path}", remedy=f"copy it into {into}, chown {ours} the copy, and name that one")


def _may_read(path: Path) -> bool:
    try:
        path.stat()
    except PermissionError:
        return False
    except OSError:  # whoever opens it says so
        return True
    return os.access(path, os.R_OK)


def is_there(path: Path) -> bool:
    """Say whether a file is there. Raises Misuse where this process may not even look."""
    try:
        return path.exists()
    except PermissionError as error:
        raise refused(path) from error


def _seen(path: Path) -> tuple[Path, int]:
    try:
        return path, path.stat().st_uid
    except OSError:
        return _seen(path.parent)


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
