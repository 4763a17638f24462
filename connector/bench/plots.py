"""The two curves of a refresh, cost over the share of lines changed and over the size: as figures, and as bars on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.bench.rows import Point, Row
from connector.bench.terms import amount

SHARES = (0.0, 0.0001, 0.001, 0.01, 0.1, 1.0)
TITLES = {
    "connector": "connector",
    "duckdb_tables": "DuckDB",
    "sqlite_staging": "SQLite, all staged",
    "pandas_sql": "pandas",
    "arrow_reading": "pyarrow, only reading",
}
BAR = 40


@dataclass(frozen=True, slots=True)
class Plot:
    """`ticks` are the places on the x-axis, in order; a series has the seconds at each tick where it was measured."""

    name: str
    title: str
    axis: str
    ticks: tuple[str, ...]
    series: dict[str, dict[str, float]]


def plots(rows: Sequence[Row]) -> list[Plot]:
    """Return the plots that the rows have points for."""
    points = [row.point for row in rows if row.point is not None]
    sizes = sorted({point.size for point in points if point.share == SHARES[3]})
    if not points:
        return []
    size = points[0].size
    by_share = [(_percent(share), point) for share in SHARES for point in points if (point.size, point.share) == (size, share)]
    by_size = [(amount(some), point) for some in sizes for point in points if (point.size, point.share) == (some, SHARES[3])]
    found = [
        Plot("refresh-by-share", f"Refresh of {amount(size)} SKUs", "% of the lines changed", *_series(by_share)),
        Plot("refresh-by-size", "Refresh with 1 % of the lines changed", "SKUs", *_series(by_size)),
    ]
    return [plot for plot in found if len(plot.ticks) > 1]


def _percent(share: float) -> str:
    return f"{share * 100:g}"


def _series(placed: Sequence[tuple[str, Point]]) -> tuple[tuple[str, ...], dict[str, dict[str, float]]]:
    series: dict[str, dict[str, float]] = {}
    for tick, point in placed:
        for name, seconds in point.seconds.items():
            series.setdefault(TITLES[name], {})[tick] = seconds
    return tuple(dict.fromkeys(tick for tick, _ in placed)), series


def text(plot: Plot) -> str:
    """Return a plot as bars."""
    longest = max(seconds for values in plot.series.values() for seconds in values.values())
    wide = max(map(len, plot.series))
    lines = [f"{plot.title}: seconds, by {plot.axis}"]
    for tick in plot.ticks:
        lines.append(f"{tick}:")
        for name, values in plot.series.items():
            if tick in values:
                lines.append(f"  {name:{wide}} {values[tick]:8.2f} {'█' * max(1, round(BAR * values[tick] / longest))}")
    return "\n".join(lines)


def draw(given: Sequence[Plot], folder: Path) -> list[Path]:
    """Draw each plot as SVG and PNG; returns the SVG files. Raises ImportError where matplotlib is not installed."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "connector"  # the same figures are the same bytes
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for plot in given:
        figure = Figure(figsize=(7, 4), layout="constrained")
        _draw(figure.subplots(), plot)
        drawn.append(folder / f"{plot.name}.svg")
        figure.savefig(drawn[-1], metadata={"Date": None})
        figure.savefig(folder / f"{plot.name}.png", dpi=110)
    return drawn


def _draw(axes: Any, plot: Plot) -> None:
    places = {tick: number for number, tick in enumerate(plot.ticks)}
    for name, values in plot.series.items():
        axes.plot(
            [places[tick] for tick in values], list(values.values()), marker="o", linewidth=3 if name == "connector" else 1.5, label=name
        )
    axes.set_yscale("log")
    axes.set_xticks(range(len(plot.ticks)), plot.ticks)
    axes.set(title=plot.title, xlabel=plot.axis, ylabel="seconds, start-up included")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
