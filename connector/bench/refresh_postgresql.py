"""The refresh of a snapshot that lies in PostgreSQL, beside COPY of everything and a comparison by SQL in the same server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

from connector.bench import contenders, postgresql, projects, show
from connector.bench.contenders import PRODUCT, demand
from connector.bench.exports import COLUMNS, Variant
from connector.bench.peers.told import digest
from connector.bench.processes import Run, connector, module, run
from connector.bench.rounds import Contender, alternate
from connector.bench.rows import Row
from connector.bench.terms import Terms, amount

GROUP = "refresh"
PEER = "COPY everything, SQL diff"
GOAL = 0.3
COPY = "connector.bench.peers.copy_diff"
SETTLE = (
    "INSERT INTO listings (account, sku, state, told_at) SELECT %s, sku, 'known', '2025-06-01 00:00:00+00' FROM products",
    "DELETE FROM outbox",
)


def rows(terms: Terms) -> Iterator[Row]:
    """Measure in alternating rounds; databases are set back from templates."""
    work, where = f"refresh of {amount(terms.size)} SKUs on PostgreSQL, 1 % changed", postgresql.programs()
    if not terms.wants(work):
        return
    if where is None or not contenders.installed("copy_diff"):
        missing = "psycopg" if where else f"PostgreSQL {postgresql.OLDEST}"
        yield Row(GROUP, work, PEER, goal=GOAL, missing=f"{missing} is not installed")
        return
    show.progress(work)
    with postgresql.running(where) as server:
        server_of = Server(server, terms)
        server_of.load()
        found = alternate([server_of.product(), server_of.peer()], terms.rounds)
    ours, theirs = found[PRODUCT], found["copy_diff"]
    figures = "; ".join(f"{one.seconds:.2f} s, {one.peak_mib:.0f} MiB" for one in (ours, theirs))
    yield Row(GROUP, work, PEER, ours.ratio_to(theirs), GOAL, figures=f"{figures}, the server's not counted")


class Server:
    """The databases of both: `ours` and `theirs`, made anew for each round from those with `_kept` behind their name."""

    def __init__(self, server: str, terms: Terms) -> None:
        self._server, self._work = server, terms.work
        self._first, self._next = Variant(terms.size), Variant(terms.size, 0.01)
        self._kept, self._root = terms.work / "projects" / "postgresql", terms.work / "round" / "postgresql"
        self._state = terms.work / "round" / "copy-diff-address"

    def load(self) -> None:
        """Load the first exports on both sides, as after weeks of work."""
        files = contenders.files(self._work, self._first)
        shutil.rmtree(self._kept, ignore_errors=True)
        self._root.parent.mkdir(exist_ok=True)
        for name in ("ours", "theirs"):
            self._do("postgres", f"CREATE DATABASE {name}")
        projects.deliver(projects.furnish(self._kept, url=f"postgresql+psycopg://{self._server}/ours"), files)
        run(connector(self._kept, "migrate"))
        projects.counts(run(projects.refresh(self._kept)))
        self._do("ours", *SETTLE, given=(projects.ACCOUNT,))
        self._state.write_text(f"postgresql://{self._server}/theirs", encoding="utf-8")
        run(module(COPY, "refresh", self._state, files))
        run(module(COPY, "forget", self._state))
        for name in ("ours", "theirs"):
            self._do(name, "VACUUM ANALYZE")
            self._do("postgres", f"ALTER DATABASE {name} RENAME TO {name}_kept")

    def product(self) -> Contender:
        given, wanted = contenders.files(self._work, self._next), contenders.expected(self._next)

        def prepare() -> None:
            self._set_back("ours")
            shutil.rmtree(self._root, ignore_errors=True)
            shutil.copytree(self._kept, self._root)
            projects.deliver(self._root, given)

        def check(done: Run) -> None:
            projects.counts(done)
            demand(PRODUCT, {feed: digest(self._told(feed)) for feed in COLUMNS}, wanted)

        return Contender(PRODUCT, projects.refresh(self._root), prepare, check)

    def peer(self) -> Contender:
        wanted = contenders.expected(self._next)

        def check(_done: Run) -> None:
            demand("copy_diff", json.loads(run(module(COPY, "told", self._state)).output), wanted)

        argv = module(COPY, "refresh", self._state, contenders.files(self._work, self._next))
        return Contender("copy_diff", argv, lambda: self._set_back("theirs"), check)

    def _set_back(self, name: str) -> None:
        self._do("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._do("postgres", f"CREATE DATABASE {name} TEMPLATE {name}_kept STRATEGY file_copy")
        self._do("postgres", "CHECKPOINT")

    def _told(self, feed: str) -> Iterable[str]:
        kinds = list(projects.KINDS[feed])
        with self._opened("ours") as db:
            return [row[0] for row in db.execute("SELECT reference FROM outbox WHERE kind = ANY(%s)", (kinds,))]

    def _do(self, name: str, *statements: str, given: Sequence[Any] = ()) -> None:
        with self._opened(name) as db:
            for statement in statements:
                db.execute(statement, given if "%s" in statement else None)

    def _opened(self, name: str) -> Any:
        import psycopg

        return cast(Any, psycopg.connect(f"postgresql://{self._server}/{name}", autocommit=True))
