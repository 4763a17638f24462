"""What can be measured, by name. Each group's module is imported when it is run: its libraries are its own affair."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import cast

from connector.bench.processes import Wrong
from connector.bench.rows import Row
from connector.bench.terms import Terms

GROUPS = ("refresh", "simulation", "orders", "notifications", "sftp", "start")


def measure(name: str, terms: Terms) -> Iterator[Row]:
    """Measure a group's rows. What goes wrong in it is a row that is not measured, and keeps no other group from being measured."""
    try:
        yield from cast(Iterator[Row], import_module(f"connector.bench.{name}").rows(terms))
    except Wrong as error:
        yield Row(name, "the rest of this group", "–", missing=str(error))
