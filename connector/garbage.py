"""How often a process that stays looks for circles of objects that nobody holds any more."""

from __future__ import annotations

import gc

GARBAGE_AT = 5_000
"""A tenth of what a command lets come together (`cli.main`): it ends soon, and a daemon keeps for ever the memory that it once took."""


def spare_what_stays() -> None:
    """Leave the modules out, so that the rest can be looked through often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AT)
