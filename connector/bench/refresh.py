"""Refreshing the snapshot from three full exports: what it costs beside DuckDB, pandas, SQL over everything, and only reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from connector.bench import contenders, show
from connector.bench.contenders import PRODUCT
from connector.bench.exports import Variant
from connector.bench.rounds import Contender, Runs, alternate
from connector.bench.rows import Row
from connector.bench.terms import Terms, amount

GROUP = "refresh"
TITLES = {
    "duckdb_tables": "DuckDB, its own tables",
    "sqlite_staging": "SQLite, everything staged",
    "pandas_sql": "pandas, to_sql, dict",
    "arrow_reading": "pyarrow, only reading",
    "copy_diff": "COPY, SQL diff",
}


def rows(terms: Terms) -> Iterator[Row]:
    """Measure every row of the group."""
    yield from _one_percent(terms)
    yield from _compared("10 % changed", terms, Variant(terms.size, 0.1), {"duckdb_tables": 1.3, "sqlite_staging": None})
    yield from _compared("50 % changed", terms, Variant(terms.size, 0.5), {"sqlite_staging": 1.1, "duckdb_tables": None}, 300.0)
    yield from _compared("lines in another order, 1 % changed", terms, Variant(terms.size, 0.01, shuffled=True), {"duckdb_tables": 0.8})
    yield from _nothing(terms)
    yield from _first(terms)
    if terms.large:
        yield from _large(terms)


def _one_percent(terms: Terms) -> Iterator[Row]:
    names = {"duckdb_tables": 0.5, "pandas_sql": 0.05, "sqlite_staging": 0.2}
    yield from _compared("1 % changed", terms, Variant(terms.size, 0.01), names, 200.0)


def _large(terms: Terms) -> Iterator[Row]:
    yield from _compared("1 % changed", terms, Variant(terms.large, 0.01), {"duckdb_tables": 0.35}, 300.0)


def _nothing(terms: Terms) -> Iterator[Row]:
    """The same exports again, under the same names, written later."""
    yield from _compared("nothing changed", terms, Variant(terms.size), {"arrow_reading": 0.5})


def _first(terms: Terms) -> Iterator[Row]:
    variant = Variant(terms.size)
    work = f"first load of {amount(variant.size)} SKUs"
    show.progress(work)
    found = alternate(
        [contenders.first_load(terms.work, variant), contenders.first_load_of("pandas_sql", terms.work, variant)], min(3, terms.rounds)
    )
    yield _ratio(work, found, "pandas_sql", 0.5)
    yield _peak(work, found, 300.0)


def _compared(what: str, terms: Terms, variant: Variant, peers: Mapping[str, float | None], peak: float | None = None) -> Iterator[Row]:
    work = f"refresh of {amount(variant.size)} SKUs, {what}"
    show.progress(work)
    there = [name for name in peers if contenders.installed(name)]
    found = alternate([contenders.product(terms.work, variant), *(_peer(name, terms, variant)() for name in there)], terms.rounds)
    for name, goal in peers.items():
        yield _ratio(work, found, name, goal)
    if peak is not None:
        yield _peak(work, found, peak)


def _peer(name: str, terms: Terms, variant: Variant) -> partial[Contender]:
    if name == "arrow_reading":
        return partial(contenders.reader, terms.work, variant)
    return partial(contenders.peer, name, terms.work, variant)


def _ratio(work: str, found: dict[str, Runs], name: str, goal: float | None) -> Row:
    if name not in found:
        return Row(GROUP, work, TITLES[name], goal=goal, missing=f"{contenders.NEEDS[name]} is not installed")
    ours, theirs = found[PRODUCT], found[name]
    figures = "; ".join(f"{one.seconds:.2f} s, cpu {one.cpu_seconds:.2f} s, {one.peak_mib:.0f} MiB" for one in (ours, theirs))
    return Row(GROUP, work, TITLES[name], ours.ratio_to(theirs), goal, figures=figures)


def _peak(work: str, found: dict[str, Runs], goal: float) -> Row:
    return Row(GROUP, work, "peak of memory", found[PRODUCT].peak_mib, goal, unit="MiB", figures=f"{len(found[PRODUCT].of)} rounds")
