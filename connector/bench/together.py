"""All groups, one after another, each in a process of its own: what one loads is not counted as another's memory."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence

from connector.bench import show
from connector.bench.processes import module
from connector.bench.rows import Row
from connector.bench.terms import Terms


def together(groups: Sequence[str], terms: Terms) -> list[Row]:
    """Measure all groups; returns their rows."""
    return [row for name in groups for row in _alone(name, terms)]


def _alone(name: str, terms: Terms) -> list[Row]:
    show.progress(f"— {name} —")
    size = ["--size", str(terms.size)] if not terms.large else []
    common = ["--rounds", str(terms.rounds), "--seconds", str(terms.seconds), "--work", str(terms.work), "--only", terms.only, "--json"]
    argv = module("connector", "bench", name, *size, *common)
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=False)
    try:
        document = json.loads(done.stdout)
    except ValueError:
        return [Row(name, "all of this group", "–", missing=f"it ended with {done.returncode}")]
    return [Row.read(row) for row in document["rows"]]
