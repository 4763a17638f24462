"""Refreshing the snapshot from three full exports: what it costs beside DuckDB, pandas, SQL over everything, and only reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from connector.bench import contenders, refresh_postgresql, show
from connector.bench.contenders import PRODUCT
from connector.bench.exports import Variant
from connector.bench.pieces import each
from connector.bench.rounds import Contender, Runs, alternate
from connector.bench.rows import Point, Row
from connector.bench.terms import Terms, amount

GROUP = "refresh"
TITLES = {
    "duckdb_tables": "DuckDB, its own tables",
    "sqlite_staging": "SQLite, everything staged",
    "pandas_sql": "pandas, to_sql, dict",
    "arrow_reading": "pyarrow, only reading",
}


CURVE_SHARES = (0.0001, 0.001, 1.0)
CURVE_ROUNDS = 2


def rows(terms: Terms) -> Iterator[Row]:
    """Measure every row of the group."""
    yield from each(GROUP, _pieces(terms))


def _pieces(terms: Terms) -> Iterator[Iterator[Row]]:
    size = terms.size
    names = {"duckdb_tables": 0.5, "pandas_sql": 0.05, "sqlite_staging": 0.2}
    yield _compared("1 % changed", terms, Variant(size, 0.01), names, 200.0)
    yield _compared("10 % changed", terms, Variant(size, 0.1), {"duckdb_tables": 1.3, "sqlite_staging": None})
    yield _compared("50 % changed", terms, Variant(size, 0.5), {"sqlite_staging": 1.1, "duckdb_tables": None}, 300.0)
    yield _compared("lines in another order, 1 % changed", terms, Variant(size, 0.01, shuffled=True), {"duckdb_tables": 0.8})
    yield _compared("nothing changed", terms, Variant(size), {"arrow_reading": 0.5, "duckdb_tables": None})
    yield _first(terms)
    yield refresh_postgresql.rows(terms)
    few = terms.few(CURVE_ROUNDS)
    for share in CURVE_SHARES:  # what only the plots need
        yield _compared(f"{share * 100:g} % changed", few, Variant(size, share), {"duckdb_tables": None})
    yield _compared("1 % changed", few, Variant(size // 10, 0.01), {"duckdb_tables": None})
    if terms.large:
        yield _compared("1 % changed", terms, Variant(terms.large, 0.01), {"duckdb_tables": 0.35}, 300.0)


def _first(terms: Terms) -> Iterator[Row]:
    variant = Variant(terms.size)
    work = f"first load of {amount(variant.size)} SKUs"
    if not terms.wants(work):
        return
    show.progress(work)
    both = [contenders.first_load(terms.work, variant), contenders.first_load_of("pandas_sql", terms.work, variant)]
    found = alternate(both, terms.rounds)
    yield _ratio(work, found, "pandas_sql", 0.5)
    yield _peak(work, found, 300.0)


def _compared(what: str, terms: Terms, variant: Variant, peers: Mapping[str, float | None], peak: float | None = None) -> Iterator[Row]:
    work = f"refresh of {amount(variant.size)} SKUs, {what}"
    if not terms.wants(work):
        return
    show.progress(work)
    there = [name for name in peers if contenders.installed(name)]
    found = alternate([contenders.product(terms.work, variant), *(_peer(name, terms, variant) for name in there)], terms.rounds)
    point = None if variant.shuffled else Point(variant.size, variant.share, {name: runs.seconds for name, runs in found.items()})
    for name, goal in peers.items():
        yield replace(_ratio(work, found, name, goal), point=point)
    if peak is not None:
        yield _peak(work, found, peak)


def _peer(name: str, terms: Terms, variant: Variant) -> Contender:
    if name == "arrow_reading":
        return contenders.reader(terms.work, variant)
    return contenders.peer(name, terms.work, variant)


def _ratio(work: str, found: dict[str, Runs], name: str, goal: float | None) -> Row:
    if name not in found:
        return Row(GROUP, work, TITLES[name], goal=goal, missing=f"{contenders.NEEDS[name]} is not installed")
    ours, theirs = found[PRODUCT], found[name]
    figures = "; ".join(f"{one.seconds:.2f} s, cpu {one.cpu_seconds:.2f} s, {one.peak_mib:.0f} MiB" for one in (ours, theirs))
    return Row(GROUP, work, TITLES[name], ours.ratio_to(theirs), goal, figures=figures)


def _peak(work: str, found: dict[str, Runs], goal: float) -> Row:
    return Row(GROUP, work, "peak of memory", found[PRODUCT].peak_mib, goal, unit="MiB", figures=f"{len(found[PRODUCT].of)} rounds")
