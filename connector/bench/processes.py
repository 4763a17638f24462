"""Run a program and say how long it took and how much memory it had at its peak."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MIB = 1024
"""KiB in a MiB: the kernel tells peaks in KiB."""
LAUNCH = Path(__file__).with_name("launch.py")


class Wrong(Exception):
    """A contender failed, or its result is not what the generator says: then its time means nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a process cost: wall time and both cores' time in seconds, start-up included, and the most memory at once, in MiB."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    output: str = ""


def module(name: str, *arguments: object) -> list[str]:
    """Return the command line of one of our modules."""
    return [sys.executable, "-m", name, *map(str, arguments)]


def connector(root: Path, *words: str, settings: str = "connector.toml") -> list[str]:
    """Return the command line of the product in a project directory."""
    return [sys.executable, "-m", "connector", "--config", str(root / "config" / settings), *words]


def run(argv: Sequence[str], *, allowed: tuple[int, ...] = (0,)) -> Run:
    """Run to the end. Raises Wrong with the end of what it said, where it ends otherwise than allowed.

    The peak is the process's own maximum as the kernel counts it; `launch` says why something stands between.
    """
    with tempfile.NamedTemporaryFile() as result, tempfile.TemporaryFile() as said:
        launch = [sys.executable, "-I", "-S", str(LAUNCH), result.name, *argv]
        subprocess.run(launch, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, check=True)
        status, seconds, cpu_seconds, peak_kib = map(float, result.read().split())
        said.seek(0)
        output = said.read().decode("utf-8", "replace")
    if int(status) not in allowed:
        raise Wrong(f"{' '.join(map(str, argv[1:]))} ended with {status:.0f}: {output[-2000:]}")
    return Run(seconds, cpu_seconds, peak_kib / MIB, output)
