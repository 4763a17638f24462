"""The house is still the house: rules that import-linter cannot hold."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for folder in ("connector", "jobs") for path in (ROOT / folder).rglob("*.py"))
MIGRATIONS = ROOT / "connector/storage/migrations/versions"
OURS = [path for path in SOURCES if MIGRATIONS not in path.parents]
"""What was written by hand: a migration is generated from the tables."""
WORDS_OF_VTEX = (
    "logisticsInfo",
    "requestIndex",
    "priceTags",
    "selectedSla",
    "marketplaceServicesEndpoint",
    "clientProfileData",
    "stockBalance",
    "purchaseContext",
    "shippingData",
    "lockTTL",
)
WHERE_VTEX_IS_SPOKEN = ("connector/vtex/", "connector/demo/", "connector/sandbox/", "connector/bench/peers/")
LONGEST_FUNCTION, LONGEST_MODULE = 40, 300


def name_of(path):
    return str(path.relative_to(ROOT))


def module_of(path):
    words = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(words[:-1] if words[-1] == "__init__" else words)


def fresh(code):
    """Run code in a new interpreter, and return the JSON that it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)

    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_web_worker_starts_without_pandas_and_paramiko():
    heavy = fresh(
        "import json, sys, connector.web.wsgi; print(json.dumps([m for m in ('pandas', 'numpy', 'paramiko', 'typer') if m in sys.modules]))"
    )

    assert heavy == []


def test_the_command_line_starts_without_what_only_some_commands_need():
    heavy = ("pandas", "sqlalchemy", "paramiko", "falcon", "apscheduler", "pydantic", "requests", "structlog", "rich")
    found = fresh(f"import json, sys, connector.cli.main; print(json.dumps([m for m in {heavy!r} if m in sys.modules]))")

    assert found == []


def test_vtex_s_words_are_spoken_in_its_own_room_only():
    found = {
        name_of(path): said
        for path in SOURCES
        if not name_of(path).startswith(WHERE_VTEX_IS_SPOKEN)
        and (said := [w for w in WORDS_OF_VTEX if w in path.read_text(encoding="utf-8")])
    }

    assert found == {}


def test_importing_opens_no_socket_no_engine_and_writes_no_file():
    modules = [module_of(path) for path in OURS if path.name not in ("__main__.py", "env.py", "gunicorn_conf.py")]
    code = f"""
import builtins, importlib, json, socket
done = []
real_open = builtins.open
def guarded_open(file, mode="r", *rest, **named):
    if set(mode) & set("wax+"): done.append(f"open {{file}} {{mode}}")
    return real_open(file, mode, *rest, **named)
builtins.open = guarded_open
class Socket(socket.socket):
    def connect(self, *address): done.append(f"connect {{address}}")
    def bind(self, *address): done.append(f"bind {{address}}")
socket.socket = Socket
import urllib3  # finds out once, by binding to ::1, whether there is IPv6: its own doing, before ours begins
done.clear()
import sqlalchemy
sqlalchemy.create_engine = lambda *a, **k: done.append("create_engine")
for module in {modules!r}:
    importlib.import_module(module)
print(json.dumps(done))
"""

    assert fresh(code) == []


def reads_environment(tree):
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr in ("environ", "environb", "getenv", "putenv")
            and isinstance(node.value, ast.Name)
        ):
            yield node.lineno
        if isinstance(node, ast.ImportFrom) and node.module == "os" and {n.name for n in node.names} & {"environ", "getenv"}:
            yield node.lineno


def test_settings_alone_read_the_environment():
    found = [f"{name_of(path)}:{line}" for path in SOURCES for line in reads_environment(ast.parse(path.read_text(encoding="utf-8")))]

    assert [place for place in found if not place.startswith("connector/settings/__init__.py:")] == []


def length(function):
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_function_is_longer_than_a_screen():
    functions = [
        (length(node), f"{name_of(path)}: {node.name}")
        for path in OURS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    assert [named for lines, named in functions if lines > LONGEST_FUNCTION] == []


def test_no_module_holds_two_nouns():
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in OURS}

    del lengths["connector/storage/tables.py"]  # the data model, on one page on purpose

    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


@pytest.mark.parametrize("banned", ["datetime.now(", "utcnow(", "time.time("])
def test_the_domain_has_no_clock(banned):
    domain = [path for path in OURS if name_of(path).startswith("connector/domain/")]

    assert [name_of(path) for path in domain if banned in path.read_text(encoding="utf-8")] == []


def test_the_import_rules_hold():
    done = subprocess.run([Path(sys.executable).parent / "lint-imports"], capture_output=True, text=True, check=False, cwd=ROOT)

    assert done.returncode == 0, done.stdout
