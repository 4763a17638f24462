"""The list of what was erased, beside the backups: whoever restores one erases it again. It names orders and rows, and no person."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from connector.app import App
from connector.erp import shelves

NAME = "erased.jsonl"


@dataclass(frozen=True, slots=True)
class Tombstones:
    """Orders by our number; refused rows by their file's SHA-256 and their line."""

    orders: frozenset[str]
    rows: frozenset[tuple[str, int]]


def place(app: App) -> Path:
    return app.settings.path(app.settings.backup.folder) / NAME


def known(app: App) -> Tombstones:
    """Return all that was ever erased."""
    path = place(app)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line] if path.exists() else []
    rows = {(sha256, line) for one in lines for sha256, line in one["rows"]}
    return Tombstones(frozenset(order for one in lines for order in one["orders"]), frozenset(rows))


def add(app: App, orders: list[str], rows: list[tuple[str, int]]) -> None:
    """Note what is about to be erased, durably, before it is."""
    if not orders and not rows:
        return
    path = place(app)
    shelves.make_folders(path.parent)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, json.dumps({"at": app.now.isoformat(), "orders": orders, "rows": rows}).encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
