"""Measured tables in the documents: what stands between two marks is replaced, the rest is a person's."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from connector.bench import plots, tables
from connector.bench.rows import Row
from connector.errors import UsageError

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
SHORT = (
    ("refresh", "1 % changed", "DuckDB"),
    ("refresh", "1 % changed", "pandas"),
    ("refresh", "nothing changed", "pyarrow"),
    ("refresh", "first load", "pandas"),
    ("simulation", "simulation, 10 items", "SQLAlchemy Core"),
    ("simulation", "while 1 % is refreshed", "the same without"),
    ("orders", "orders placed", "sqlite3"),
    ("notifications", "256 connections", "Session"),
    ("sftp", "MB", "paramiko"),
)
"""Group, and words of the work and of the peer, of the rows that a README quotes; of several, the first."""
PORTUGUESE = {
    "| work | beside | measured | to reach |": "| trabalho | ao lado de | medido | a alcançar |",
    "| figures |": "| números |",
    "refresh of": "atualização de",
    "first load of": "primeira carga de",
    "1 % changed": "1 % mudou",
    "nothing changed": "nada mudou",
    "its own tables": "suas próprias tabelas",
    "only reading": "só lendo",
    "p99 of a simulation while 1 % is refreshed": "p99 de uma simulação enquanto 1 % é atualizado",
    "the same without": "a mesma sem isso",
    "simulation, 10 items": "simulação, 10 itens",
    "orders placed, 4 clients": "pedidos recebidos, 4 clientes",
    "the same rows by bare sqlite3": "as mesmas linhas por sqlite3 puro",
    "notifications, 256 connections, 50 ms away": "notificações, 256 conexões, a 50 ms",
    "requests.Session per thread": "uma requests.Session por thread",
    "SFTP download": "download por SFTP",
    "paramiko's get": "o get do paramiko",
    "| reached |": "| alcançado |",
    "**missed**": "**não alcançado**",
    "not measured": "não medido",
    "is not installed": "não está instalado",
    "cores of": "núcleos de",
}
"""What the quoted rows say, for the README in Portuguese."""


def write(path: Path, rows: Sequence[Row], machine: str) -> None:
    """Write all rows into a document, and the figures into the folder figures beside it."""
    drawn = plots.draw(plots.plots(rows), path.parent / "figures")
    pictures = "\n".join(f"![{one.stem}](figures/{one.name})" for one in drawn)
    _replace(path, f"{machine}\n\n{tables.markdown(rows)}\n{pictures}")


def quote(path: Path, rows: Sequence[Row], machine: str) -> None:
    """Write the rows of a README into it, in its language."""
    found = [next((row for row in rows if _is(row, *wanted)), None) for wanted in SHORT]
    text = f"{machine}\n\n{tables.markdown([row for row in found if row is not None])}"
    if ".pt-BR." in path.name:
        for ours, theirs in PORTUGUESE.items():
            text = text.replace(ours, theirs)
    _replace(path, text)


def _is(row: Row, group: str, work: str, peer: str) -> bool:
    return row.group == group and work in row.work and peer in row.peer


def demand_places(documents: Sequence[Path], *, drawn: bool) -> None:
    """Look before anything is measured whether it can be written. Raises UsageError."""
    for path in documents:
        _parts(path)
    if drawn and find_spec("matplotlib") is None:
        raise UsageError("the figures cannot be drawn: matplotlib is not installed", remedy="use make bench, which installs it")


def _replace(path: Path, text: str) -> None:
    before, after = _parts(path)
    part = path.with_name(f"{path.name}.part")
    part.write_text(f"{before}{BEGIN}\n{text.strip()}\n{END}{after}", encoding="utf-8")
    part.replace(path)


def _parts(path: Path) -> tuple[str, str]:
    """Return what stands before and after the measured part. Raises UsageError where the document has no place for it."""
    before, begun, rest = (path.read_text(encoding="utf-8") if path.is_file() else "").partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise UsageError(f"{path} has no place for what was measured", remedy=f"write the lines {BEGIN} and {END} where it belongs")
    return before, after
