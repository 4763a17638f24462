"""The table of rows, on the terminal and for the documents."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from connector.bench.rows import Row, Verdict

HEADS = ("work", "beside", "measured", "to reach", "", "figures")
COLORS = {Verdict.REACHED: "green", Verdict.MISSED: "bold red", Verdict.NOT_MEASURED: "yellow", Verdict.TOLD: "dim"}


def cells(row: Row) -> tuple[str, ...]:
    return row.work, row.peer, row.said, row.bound, row.verdict.value, row.figures


def show(rows: Sequence[Row], caption: str) -> None:
    """Print the rows, a section for each group."""
    table = Table(*HEADS, caption=caption)
    for number, row in enumerate(rows):
        table.add_row(*cells(row), style=COLORS[row.verdict], end_section=number + 1 < len(rows) and rows[number + 1].group != row.group)
    Console(width=None if Console().is_terminal else 200).print(table)


def markdown(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [HEADS, ("---",) * len(HEADS), *(_escaped(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _escaped(row: Row) -> tuple[str, ...]:
    marked = {Verdict.MISSED: "**missed**"}.get(row.verdict, row.verdict.value)
    return tuple(cell.replace("|", "\\|").replace("\n", " ") for cell in (*cells(row)[:4], marked, row.figures))
