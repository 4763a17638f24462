"""On what and when it was measured."""

from __future__ import annotations

import os
import platform
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from connector import __version__


def described() -> str:
    """Return one line: date, processor, memory, versions."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    software = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, connector {__version__}"
    return f"{datetime.now(UTC):%Y-%m-%d}, {cores} cores of {_processor()}, {memory:.0f} GiB, {platform.system()}, {software}"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
