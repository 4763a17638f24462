"""The bench measures what it says, with tiny sizes: results are checked in it, and a wrong one is no measurement. No time is asserted."""

import importlib.util
import itertools
import json
import subprocess
import sys

import pytest

from connector.bench import documents, exports, plots, projects
from connector.bench.exports import Variant
from connector.bench.load import Load
from connector.bench.processes import Wrong, module, run
from connector.bench.rows import Point, Row, Verdict
from connector.bench.serving import free_port, request, served

SIZE = 400


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Exports and loaded projects, kept between the groups."""
    return tmp_path_factory.mktemp("bench")


def measure(work, group, *options):
    argv = module("connector", "bench", group, "--size", SIZE, "--rounds", 1, "--seconds", 0.2, "--work", work, "--json", *options)
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode in (0, 1), done.stderr
    assert done.stdout, done.stderr
    rows = [Row.read(row) for row in json.loads(done.stdout)["rows"]]
    assert [row.missing for row in rows if row.peer == "–"] == []  # nothing failed
    return rows


def is_told(row, package):
    """A row is measured where its peer is installed, and says so where it is not."""
    if importlib.util.find_spec(package) is None:
        return row.verdict is Verdict.NOT_MEASURED and f"{package} is not installed" in row.said
    return row.value is not None


def test_a_refresh_is_measured_beside_duckdb_and_sqlite(work):
    duckdb, sqlite = measure(work, "refresh", "--only", "10 % changed")

    assert (duckdb.work, duckdb.peer, duckdb.goal) == ("refresh of 400 SKUs, 10 % changed", "DuckDB, its own tables", 1.3)
    assert is_told(duckdb, "duckdb")
    assert sqlite.peer == "SQLite, everything staged"
    assert set(sqlite.point.seconds) >= {"connector", "sqlite_staging"}


def test_simulations_are_measured_beside_other_sellers_that_answer_alike(work):
    rows = {row.peer: row for row in measure(work, "simulation", "--only", "simulation, ")}

    assert {name for name, row in rows.items() if row.value is None} <= {"Flask on gunicorn", "FastAPI on uvicorn"}
    assert is_told(rows["Flask on gunicorn"], "flask")
    assert is_told(rows["FastAPI on uvicorn"], "fastapi")
    assert rows["SQLAlchemy ORM, a get for each SKU"].goal == 4


def test_orders_are_all_there_that_were_answered_for(work):
    placed, failed = measure(work, "orders")

    assert placed.value > 0
    assert failed.value == 0


def test_every_notification_arrives_once(work):
    raw, sessions = measure(work, "notifications", "--only", "16 connections")

    assert (raw.goal, sessions.goal) == (0.95, None)
    assert raw.value > 0 < sessions.value


def test_starts_and_workers_are_measured(work):
    rows = measure(work, "start")

    assert [row.work for row in rows] == [
        "connector --help",
        "connector status",
        "web worker after carts of 10 items",
        "web workers that have pandas in memory",
    ]
    assert rows[-1].value == 0


@pytest.mark.usefixtures("sshd")
def test_a_download_is_measured_beside_paramiko_s(work):
    rows = {row.peer: row for row in measure(work, "sftp")}

    assert rows["paramiko's get"].value > 0
    assert is_told(rows["asyncssh's get"], "asyncssh")


# ── what it stands on ───────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("feed", exports.COLUMNS)
def test_exports_differ_in_the_lines_that_the_generator_names_and_in_no_other(work, feed):
    first, then = ((exports.written(work, variant) / f"{feed}.csv") for variant in (Variant(1000), Variant(1000, 0.03)))
    before, after = (path.read_text(encoding="cp1252").splitlines()[1:] for path in (first, then))

    assert [n for n in range(1000) if before[n] != after[n]] == exports.changed(feed, Variant(1000, 0.03))
    assert len(exports.changed(feed, Variant(1000, 0.03))) == 30


def test_a_refresh_that_tells_other_skus_than_the_generator_s_is_no_measurement(work):
    from connector.bench import contenders

    ours = contenders.product(work, Variant(SIZE, 0.1))
    ours.prepare()
    for path in (work / "round" / "connector" / "inbox").glob("*/*.csv"):
        path.unlink()

    with pytest.raises(Wrong, match="are not the generator's"):
        ours.check(run(projects.refresh(work / "round" / "connector")))


def test_a_program_that_fails_is_no_measurement():
    with pytest.raises(Wrong, match="ended with 3"):
        run([sys.executable, "-c", "raise SystemExit(3)"])


def test_memory_is_the_program_s_own_and_not_ours():
    ours = bytearray(200_000_000)

    assert len(ours) > 0
    assert run([sys.executable, "-c", "pass"]).peak_mib < 100


def test_answers_that_are_no_2xx_are_counted(tmp_path):
    port = free_port()
    with served(module("http.server", port, "--bind", "127.0.0.1", "--directory", tmp_path), port, tmp_path / "log"):
        found = Load(port, itertools.cycle([request("/nothing-there", None)]), 1).drive_one()

    assert (found.failed, len(found.answers)) == (1, 1)
    assert found.complaint.startswith("HTTP/1.0 404")


ONE = Point(1_000_000, 0.01, {"connector": 1.0})
NONE = Point(1_000_000, 0, {"connector": 0.5})
ROWS = [
    Row("refresh", "refresh of 1 M SKUs, 1 % changed", "DuckDB, its own tables", 0.4, 0.5, point=ONE),
    Row("refresh", "refresh of 1 M SKUs, nothing changed", "pyarrow, only reading", 0.6, 0.5, point=NONE),
    Row("refresh", "refresh of 10 M SKUs, 1 % changed", "peak of memory", 250, 300, unit="MiB"),
    Row("simulation", "simulation, 10 items", "SQLAlchemy Core", 1.4, 1.3, at_most=False),
    Row("sftp", "SFTP download, 500 MB", "asyncssh's get", goal=1, missing="asyncssh is not installed"),
]


def test_a_row_is_reached_missed_or_not_measured_and_never_passed_without_a_value():
    assert [row.verdict.value for row in ROWS] == ["reached", "missed", "reached", "reached", "not measured"]


def test_a_plot_is_bars_in_the_terminal():
    (plot,) = plots.plots(ROWS)

    assert plot.ticks == ("0", "1")
    assert "1:\n  connector     1.00 " + "█" * 40 in plots.text(plot)


def test_a_readme_quotes_a_few_rows_in_its_language_between_its_marks(tmp_path):
    readme = tmp_path / "README.pt-BR.md"
    readme.write_text(f"antes\n{documents.BEGIN}\nvelho\n{documents.END}\ndepois\n", encoding="utf-8")

    documents.quote(readme, ROWS, "2 cores of a machine")
    text = readme.read_text(encoding="utf-8")

    assert text.startswith("antes\n")
    assert text.endswith(f"{documents.END}\ndepois\n")
    assert "velho" not in text
    assert "| atualização de 1 M SKUs, nada mudou | pyarrow, só lendo | 0.6 | ≤ 0.5 | **não alcançado** |" in text


def test_the_help_of_bench_names_its_options():
    done = subprocess.run(module("connector", "bench", "--help"), capture_output=True, text=True, check=True)

    assert all(option in done.stdout for option in ("--size", "--rounds", "--only", "--read", "--json"))


@pytest.mark.parametrize("content", [None, "", "no JSON"])
def test_a_file_that_holds_no_measurements_is_named(tmp_path, content):
    path = tmp_path / "figures.json"
    if content is not None:
        path.write_text(content)
    done = subprocess.run(module("connector", "bench", "--read", path), capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert f"--read {path}" in done.stderr
    assert "connector bench --json" in done.stderr
