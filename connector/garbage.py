"""How a process that stays keeps its memory small: it looks for circles of objects that nobody holds, and gives back what is free."""

from __future__ import annotations

import ctypes
import gc

GARBAGE_AT = 5_000
"""A tenth of what a command lets come together (`cli.main`): it ends soon, and a daemon keeps for ever the memory that it once took."""
YOUNG, GROWN = 5, 2
"""So many looks at the newest come before one at those of a while, and so many of these before one at all. A database statement and a
session of calls are circles each; with Python's own 10 and 10 those of minutes lay about (23 MB under a busy trade)."""


def spare_what_stays() -> None:
    """Leave the modules out, so that the rest can be looked through often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AT, YOUNG, GROWN)


def give_back() -> None:
    """Look through everything, and give free memory back: glibc keeps what lies between other pieces until it is asked."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # not every C library has it
    if trim is not None:
        trim(0)
