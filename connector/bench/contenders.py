"""Who refreshes a snapshot: the product and its peers, each with its state before the first round kept, and its result checked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from connector.bench import exports, projects, show
from connector.bench.exports import COLUMNS, Variant
from connector.bench.peers.told import digest
from connector.bench.processes import Run, Wrong, module, run
from connector.bench.rounds import Contender

PRODUCT = "connector"
NEEDS = {"duckdb_tables": "duckdb", "arrow_reading": "pyarrow", "copy_diff": "psycopg", "sqlite_staging": "sqlite3", "pandas_sql": "pandas"}


def installed(peer: str) -> bool:
    return find_spec(NEEDS[peer]) is not None


def files(work: Path, variant: Variant) -> Path:
    """Return the folder of these exports; made by a process of its own, so that ours stays small."""
    order = "shuffled" if variant.shuffled else "ordered"
    if not (work / "files" / variant.name / "whole").exists():
        show.progress(f"  writing exports {variant.name}")
        run(module("connector.bench.exports", work, variant.size, variant.share, order))
    return work / "files" / variant.name


def expected(variant: Variant) -> dict[str, str]:
    """Return, for each feed, the hash of the keys that a refresh from the first exports to these changes."""
    if not variant.share:
        return {feed: digest([]) for feed in COLUMNS}
    return {feed: digest(map(exports.sku, exports.changed(feed, variant))) for feed in COLUMNS}


def product(work: Path, variant: Variant) -> Contender:
    """The product, from the first exports to these."""
    first = Variant(variant.size)
    kept, place = projects.loaded(work, files(work, first), first), work / "round" / PRODUCT
    given, wanted = files(work, variant), expected(variant)
    changes = {feed: len(exports.changed(feed, variant)) if variant.share else 0 for feed in COLUMNS}
    sums = projects.expected_sums(variant, changes)

    def prepare() -> None:
        projects.restored(kept, place)
        projects.deliver(place, given)

    def check(done: Run) -> None:
        projects.counts(done)
        demand(PRODUCT, {feed: projects.told(place, feed) for feed in COLUMNS}, wanted)
        if projects.sums(place) != sums:
            raise Wrong(f"connector: prices and stock sum up to {projects.sums(place)}, and should to {sums}")

    return Contender(PRODUCT, projects.refresh(place), prepare, check)


def peer(name: str, work: Path, variant: Variant) -> Contender:
    """A peer that keeps its state in one file, from the first exports to these."""
    kept = work / "peers" / f"{name}-{variant.size}"
    if not kept.exists():
        _load(name, kept, files(work, Variant(variant.size)))
    place, wanted, given = work / "round" / name, expected(variant), files(work, variant)
    prepare = partial(shutil.copy, kept, place)
    return Contender(name, _command(name, "refresh", place, given), prepare, _checked(name, place, wanted))


def reader(work: Path, variant: Variant) -> Contender:
    """pyarrow, which only reads."""
    rows = 3 * variant.size

    def check(done: Run) -> None:
        if int(done.output) != rows:
            raise Wrong(f"arrow_reading: {done.output.strip()} rows, and should be {rows}")

    return Contender("arrow_reading", module("connector.bench.peers.arrow_reading", files(work, variant)), check=check)


def first_load(work: Path, variant: Variant) -> Contender:
    """The product, from nothing to these exports."""
    place, given = work / "round" / f"{PRODUCT}-first", files(work, variant)

    def prepare() -> None:
        shutil.rmtree(place, ignore_errors=True)
        projects.deliver(projects.furnish(place), given)

    def check(done: Run) -> None:
        added = projects.counts(done)["added"]
        if projects.sums(place) != projects.expected_sums(variant, dict.fromkeys(COLUMNS, 0)) or added < 3 * variant.size:
            raise Wrong(f"connector: {added} rows were added, with other sums than the generator's")

    return Contender(PRODUCT, projects.refresh(place), prepare, check)


def first_load_of(name: str, work: Path, variant: Variant) -> Contender:
    """A peer, from nothing to these exports."""
    place, given = work / "round" / f"{name}-first", files(work, variant)
    wanted = {feed: digest(exports.sku(n) for n in range(variant.size)) for feed in COLUMNS}
    return Contender(name, _command(name, "refresh", place, given), partial(_remove, place), _checked(name, place, wanted))


def _command(name: str, verb: str, *places: Path) -> list[str]:
    return module(f"connector.bench.peers.{name}", verb, *places)


def _load(name: str, kept: Path, given: Path) -> None:
    """Load the first exports, and forget what would be told of them, as the product's kept project does."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    show.progress(f"  loading {name}")
    part = kept.with_name(f"{kept.name}.part")
    _remove(part)
    run(_command(name, "refresh", part, given))
    run(_command(name, "forget", part))
    part.rename(kept)


def _checked(name: str, place: Path, wanted: dict[str, str]) -> Callable[[Run], None]:
    def check(_done: Run) -> None:
        demand(name, json.loads(run(_command(name, "told", place)).output), wanted)

    return check


def demand(name: str, found: dict[str, str], wanted: dict[str, str]) -> None:
    wrong = [feed for feed in wanted if found[feed] != wanted[feed]]
    if wrong:
        raise Wrong(f"{name}: the keys that changed in {', '.join(wrong)} are not the generator's")


def _remove(place: Path) -> None:
    for path in place.parent.glob(f"{place.name}*"):
        path.unlink()
