"""What a person sees while it is measured: one line at a time, on standard error."""

from __future__ import annotations

import sys


def progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
