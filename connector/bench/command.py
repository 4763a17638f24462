"""`connector bench`: measure the product beside what else one might use, and say what was to be reached."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from connector.bench import documents, machine, plots, tables
from connector.bench.groups import GROUPS, measure
from connector.bench.keeping import cleared
from connector.bench.rows import Row
from connector.bench.terms import Terms, read_size
from connector.bench.together import together
from connector.errors import UsageError

DEFAULT_SIZE, DEFAULT_LARGE, DEFAULT_ROUNDS = "1M", "10M", 5
ALL = "all"


def main(arguments: Sequence[str]) -> int:
    """Measure and print; returns 0 where every row was measured, reached or not, and 1 where one was not."""
    options = _parser().parse_args(arguments)
    documents.demand_places([*options.markdown, *options.quote], drawn=bool(options.markdown))
    document = _read(options.read) if options.read else _measured(options)
    rows, measured_on = [Row.read(row) for row in document["rows"]], document["machine"]
    if options.json:
        print(json.dumps(document | {"rows": [asdict(row) for row in rows]}))
    else:
        tables.show(rows, measured_on)
        print("\n\n".join(map(plots.text, plots.plots(rows))))
    for path in options.markdown:
        documents.write(path, rows, measured_on)
    for path in options.quote:
        documents.quote(path, rows, measured_on)
    return int(any(row.value is None for row in rows))


def _read(files: Sequence[Path]) -> dict[str, Any]:
    """Return the rows of all, as if they had been measured in one run."""
    found = [_read_one(path) for path in files]
    return {"machine": found[0]["machine"], "rows": [row for one in found for row in one["rows"]]}


def _read_one(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"--read {path}: {error}", remedy="name files that `connector bench --json` was printed into") from None


def _measured(options: argparse.Namespace) -> dict[str, Any]:
    with _work(options.work) as work:
        terms = _terms(options, work)
        rows = together(GROUPS, terms) if options.group == ALL else list(measure(options.group, terms))
    return {"machine": machine.described(), "rows": [asdict(row) for row in rows]}


class _Help(argparse.HelpFormatter):
    """Begins as the help of every other command does."""

    def add_usage(self, usage: str | None, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, prefix or "Usage: ")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="connector bench", description=__doc__, formatter_class=_Help)
    parser.add_argument("group", nargs="?", default=ALL, choices=(ALL, *GROUPS), help="what is measured (default: all)")
    parser.add_argument("--size", help=f"SKUs: 20K, 1M (default: {DEFAULT_SIZE}, and {DEFAULT_LARGE} once; given, only that)")
    parser.add_argument("--rounds", type=int, default=DEFAULT_ROUNDS, help=f"alternating rounds (default: {DEFAULT_ROUNDS})")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a slice of load (default: 1)")
    parser.add_argument("--only", default="", metavar="WORDS", help="only work that is named with these words: '50 %% changed'")
    parser.add_argument("--work", type=Path, help="where exports and loaded states are kept for the next run (default: nowhere)")
    parser.add_argument("--read", type=Path, nargs="+", metavar="FILE", help="measure nothing: show what --json printed into files")
    parser.add_argument(
        "--markdown", type=Path, action="append", default=[], metavar="FILE", help="write the table into a document, and figures"
    )
    parser.add_argument("--quote", type=Path, action="append", default=[], metavar="FILE", help="write the rows of a README into it")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def _terms(options: argparse.Namespace, work: Path) -> Terms:
    try:
        size = read_size(options.size or DEFAULT_SIZE)
    except ValueError:
        raise UsageError(f"--size {options.size} is no number of SKUs", remedy="write 20000, 100K or 1M") from None
    large = 0 if options.size else read_size(DEFAULT_LARGE)
    return Terms(size, large, options.rounds, work, options.seconds, options.only)


@contextmanager
def _work(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield cleared(kept.resolve())
        return
    with tempfile.TemporaryDirectory(prefix="connector-bench-") as place:
        yield Path(place)
