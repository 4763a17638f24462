"""Simulations over HTTP: how near to an empty page, how far before what else one might write, and how calm while files are imported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from statistics import median

from connector.bench import calm, projects, show
from connector.bench.carts import CARTS, Cart, carts, check, requests, serving_project
from connector.bench.load import Load, Slice
from connector.bench.peers.seller import made
from connector.bench.pieces import each
from connector.bench.processes import Wrong, connector, module
from connector.bench.rows import Row
from connector.bench.serving import free_port, gunicorn, request, served
from connector.bench.terms import Terms
from connector.settings import ApiSettings

GROUP = "simulation"
CONNECTIONS = 8
ITEMS = {1: 0.65, 10: 0.42, 50: 0.22}
"""The share of an empty page's rate that is to be reached, by the number of a cart's items."""
EMPTY, FASTAPI = "empty page", "FastAPI on uvicorn"
BY_GRANIAN = "10 items, served by granian"


@dataclass(frozen=True, slots=True)
class Peer:
    """A server that answers carts of 10 items; the product is to be so many times as fast. `needs` is the package that it is made of."""

    name: str
    goal: float | None
    needs: str
    argv: Sequence[str]
    port: int


def rows(terms: Terms) -> Iterator[Row]:
    """Measure every row of the group."""
    root, reserved = serving_project(terms.work, terms.size)
    yield from each(GROUP, (_rated(terms, root, reserved), calm.rows(terms, root, list(reserved))))


def _rated(terms: Terms, root: Path, reserved: dict[str, int]) -> Iterator[Row]:
    if not terms.wants("simulation, "):
        return
    database = made(terms.work / "peers" / f"seller-{terms.size}", terms.size, reserved)
    show.progress("simulations")
    yield from _rows(_rates(terms, root, reserved, list(_peers(database))))


def _peers(database: Path) -> Iterator[Peer]:
    for name, goal, needs, application in (
        ("SQLAlchemy Core", 1.3, "sqlalchemy", "core_seller:get_app"),
        ("SQLAlchemy ORM, a get for each SKU", 4.0, "sqlalchemy", "orm_seller:get_app"),
        ("SQLAlchemy ORM, selectinload", None, "sqlalchemy", "orm_seller:get_joined_app"),
        ("Flask on gunicorn", 1.0, "flask", "flask_seller:get_app"),
    ):
        port = free_port()
        yield Peer(name, goal, needs, gunicorn(f"{application}({str(database)!r})", port), port)
    port = free_port()
    yield Peer(FASTAPI, None, "fastapi", module("connector.bench.peers.fastapi_seller", database, port), port)


# ── slices of a second, round-robin ─────────────────────────────────────────────────────────────────────────────────────
def _rates(terms: Terms, root: Path, reserved: dict[str, int], peers: list[Peer]) -> dict[str, list[float]]:
    """Return the rates of each round, by what was asked; all servers are up at once."""
    given = {items: carts(terms.size, items, min(CARTS, terms.size), list(reserved)) for items in ITEMS}
    with ExitStack() as stack:
        loads = _product(stack, root, given, reserved)
        if _has_granian():
            loads[BY_GRANIAN] = _by_granian(stack, root, given[10], reserved)
        for peer in peers:
            if find_spec(peer.needs) is not None:
                _start(stack, root, peer.argv, peer.port)
                check(peer.port, given[10], reserved)
                loads[peer.name] = Load(peer.port, cycle(requests(given[10])), CONNECTIONS)
        return _alternated(loads, terms)


def _product(stack: ExitStack, root: Path, given: dict[int, list[Cart]], reserved: dict[str, int]) -> dict[str, Load]:
    empty, port = free_port(), free_port()
    projects.configure(root, port=port, workers=1)
    _start(stack, root, gunicorn("empty_page:get_app()", empty), empty)
    _start(stack, root, connector(root, "serve"), port)
    loads = {EMPTY: Load(empty, cycle([request("/", None)]), CONNECTIONS)}
    for items, some in given.items():
        check(port, some, reserved)
        loads[_ours(items)] = Load(port, cycle(requests(some)), CONNECTIONS)
    return loads


def _has_granian() -> bool:
    return "server" in ApiSettings.model_fields and find_spec("granian") is not None


def _by_granian(stack: ExitStack, root: Path, given: list[Cart], reserved: dict[str, int]) -> Load:
    port = free_port()
    projects.configure(root, name="granian.toml", port=port, more='server = "granian"')
    _start(stack, root, connector(root, "serve", settings="granian.toml"), port)
    check(port, given, reserved)
    return Load(port, cycle(requests(given)), CONNECTIONS)


def _start(stack: ExitStack, root: Path, argv: Sequence[str], port: int) -> None:
    stack.enter_context(served(argv, port, root / "var" / f"server-{port}.log"))


def _alternated(loads: dict[str, Load], terms: Terms) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in loads}
    for number in range(terms.rounds + 1):
        for name, load in loads.items():
            found = load.drive(terms.seconds)
            _demand_all_well(name, found)
            if number:  # the first round warms caches and pools
                rates[name].append(found.rate)
        show.progress(f"  round {number}: " + ", ".join(f"{name} {rates[name][-1]:.0f}/s" for name in loads if number))
    return rates


def _demand_all_well(name: str, found: Slice) -> None:
    if found.failed or not found.answers:
        raise Wrong(f"{name}: {found.failed} of {len(found.answers)} answers failed: {found.complaint[-1000:]}")


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _ours(items: int) -> str:
    return f"{items} items" if items > 1 else "1 item"


def _rows(rates: dict[str, list[float]]) -> Iterator[Row]:
    for items, goal in ITEMS.items():
        yield _row(rates, _ours(items), EMPTY, goal)
    for peer in _peers(Path()):
        yield _row(rates, _ours(10), peer.name, peer.goal, peer.needs)
    yield _row(rates, BY_GRANIAN, FASTAPI, 1.0, "granian" if BY_GRANIAN not in rates else "fastapi")


def _row(rates: dict[str, list[float]], ours: str, theirs: str, goal: float | None, needs: str = "") -> Row:
    if ours not in rates or theirs not in rates:
        return Row(GROUP, f"simulation, {ours}", theirs, goal=goal, at_most=False, missing=f"{needs} is not installed")
    ratio = median(a / b for a, b in zip(rates[ours], rates[theirs], strict=True))
    figures = f"{median(rates[ours]):.0f}/s, {median(rates[theirs]):.0f}/s"
    return Row(GROUP, f"simulation, {ours}", theirs, ratio, goal, at_most=False, figures=figures)
