"""Every error's code stands in docs/errors.md with its exit status, and nothing else does."""

import importlib
import pkgutil
import re
from pathlib import Path

import connector
from connector.errors import ConnectorError

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
VTEX = re.compile(r"\b((?:ORD|FMT)[0-9]{3,4})\b")
APART = ("connector.storage.migrations", "connector.bench", "connector.sandbox", "connector.demo", "connector.web.gunicorn_conf")


def errors(kind=ConnectorError):
    yield kind
    for inner in kind.__subclasses__():
        yield from errors(inner)


def test_every_code_of_ours_is_documented_with_its_exit_status_and_the_other_way_round():
    for module in pkgutil.walk_packages(connector.__path__, "connector."):
        if not module.name.startswith(APART) and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    ours = {kind.code: str(kind.exit_status) for kind in errors() if kind.__module__.startswith("connector.") and not VTEX.match(kind.code)}
    told = dict(re.findall(r"^\| `([a-z-]+)` \| ([0-9]) \|", GUIDE, re.MULTILINE))

    assert told == ours


def test_every_code_of_vtex_that_an_answer_may_bear_is_documented_and_the_other_way_round():
    spoken = set()
    for path in (ROOT / "connector").rglob("*.py"):
        if not {"sandbox", "demo"} & set(path.relative_to(ROOT).parts):
            spoken |= set(re.findall(r'"((?:ORD|FMT)[0-9]{3,4})"', path.read_text(encoding="utf-8")))

    assert set(re.findall(r"^\| `((?:ORD|FMT)[0-9]+)` \|", GUIDE, re.MULTILINE)) == spoken
