"""Root in a project that is another user's: it becomes that user, whom the services run as, and leaves nothing that they may not use."""

from __future__ import annotations

import os
import pwd
from contextlib import suppress
from pathlib import Path

import typer

from connector import settings
from connector.storage import owners

PROGRAM = (os.__file__, typer.__file__, __file__)
"""Much of it is read when it is needed: who may not read it cannot go on."""


def become(root: Path) -> None:
    """Become whom `var/` belongs to, else the project, where this is root and that is not; root's secrets are read before."""
    if os.geteuid() != 0:
        return
    owner = next(place for place in (root / "var", root) if place.exists()).stat()  # a container's root may live in a folder of its host's
    if owner.st_uid == 0:
        return
    settings.keep_credentials()
    with suppress(OSError):  # a container may forbid it
        _become(owner)
    if os.geteuid() != 0:
        owners.was_roots(root / "var")


def _become(owner: os.stat_result) -> None:
    """Do it for good where that user may read this program, else not at all."""
    user, group, groups, home = _known(owner)
    before = os.getgroups()
    os.setgroups(groups)
    os.setegid(group)
    os.seteuid(user)
    if all(os.access(path, os.R_OK, effective_ids=True) for path in PROGRAM):
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
        settings.live_in(home)
    else:
        os.seteuid(0)
        os.setegid(os.getgid())
        os.setgroups(before)


def _known(owner: os.stat_result) -> tuple[int, int, list[int], str]:
    """Return the owner, the first group, all groups and the home; without a name, the project's group and no home."""
    try:
        found = pwd.getpwuid(owner.st_uid)
    except KeyError:
        return owner.st_uid, owner.st_gid, [owner.st_gid], os.devnull
    return owner.st_uid, found.pw_gid, os.getgrouplist(found.pw_name, found.pw_gid), found.pw_dir
