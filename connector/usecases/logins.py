"""Who sits at the command line, as the operating system names them."""

from __future__ import annotations

import getpass
import os


def login() -> str:
    """Return the user's login name; the number where it has none, as in a container that is run as any user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
