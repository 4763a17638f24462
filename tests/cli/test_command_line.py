"""The command from outside: exit status, sentences instead of tracebacks, one document on standard output."""

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from conftest import COMMAND
from servers import wait_for

from connector.feeds import FEEDS

COMMANDS = [
    "init", "check", "migrate", "run", "daemon", "serve", "status", "preview", "freight", "held", "quarantine", "pause", "resume",
    "dead-letters", "orders", "erase", "demo", "bench",
]  # fmt: skip
SUBCOMMANDS = {
    "freight": ["explain"],
    "held": ["list", "show", "approve", "discard"],
    "quarantine": ["list", "show", "retry"],
    "dead-letters": ["list", "show", "replay", "discard"],
    "orders": ["list", "show", "export"],
}


@pytest.mark.parametrize("command", [[c] for c in COMMANDS] + [[c, s] for c, subs in SUBCOMMANDS.items() for s in subs])
def test_every_command_takes_help(project, command):
    done = project.call(*command, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: connector {' '.join(command)}")


def test_the_help_names_all_commands(project):
    said = project.call("--help").stdout

    assert [command for command in COMMANDS if f"\n  {command} " not in said] == []


def test_the_version_is_said(project):
    assert project.call("--version").stdout.startswith("connector 0.")


def test_the_module_runs_as_the_command_does(project):
    line = [sys.executable, "-m", "connector", "--version"]
    said = subprocess.run(line, capture_output=True, text=True, check=True, env=project.environment).stdout

    assert said == project.call("--version").stdout


def test_a_misspelt_command_is_answered_with_the_nearest(project):
    done = project.call("stats")

    assert done.returncode == 2
    assert "Did you mean 'status'?" in done.stderr


def test_a_misspelt_job_is_answered_with_the_nearest(project):
    done = project.call("run", "export-order")

    assert done.returncode == 2
    assert "Did you mean 'export-orders'?" in done.stderr


def test_an_unknown_option_is_a_wrong_call(project):
    assert project.call("status", "--jason").returncode == 2


@pytest.mark.parametrize("command", [["status"], ["run", "all"], ["check"], ["daemon"], ["serve"], ["orders", "list"], ["migrate"]])
def test_wrong_settings_are_one_sentence(project, command):
    project.config.write_text("[erp]\nsorce = 'file:inbox'\n")
    done = project.call(*command)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert [w for w in (str(project.config), "erp.sorce", "did you mean source?") if w not in done.stderr] == []


def test_missing_settings_name_the_way_to_make_some(project):
    done = project.call("--config", "nowhere.toml", "status")

    assert done.returncode == 2
    assert "connector init" in done.stderr


def test_the_config_option_goes_before_the_environment(project, tmp_path):
    other = tmp_path / "other" / "config" / "connector.toml"
    other.parent.mkdir(parents=True)
    other.write_text(project.config.read_text())
    project.call("--config", other, "status")

    assert (tmp_path / "other" / "var" / "connector.db").exists()
    assert not (project.root / "var").exists()


def test_a_database_that_cannot_be_reached_is_exit_3_without_a_traceback(project):
    done = project.call("status", CONNECTOR__DATABASE__URL="postgresql+psycopg://nobody:secret-word@127.0.0.1:9/none")

    assert done.returncode == 3
    assert "127.0.0.1:9/none" in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret-word" not in done.stderr


def test_debug_shows_the_traceback(project):
    project.config.write_text("[nothing]\n")

    assert "Traceback" in project.call("--debug", "status").stderr


def test_a_schema_that_is_behind_is_refused_on_postgresql_until_it_is_migrated(project, empty_postgresql_url):
    before = project.call("status", CONNECTOR__DATABASE__URL=empty_postgresql_url)
    migrated = project.call("migrate", CONNECTOR__DATABASE__URL=empty_postgresql_url)
    after = project.call("status", CONNECTOR__DATABASE__URL=empty_postgresql_url)

    assert (before.returncode, migrated.returncode, after.returncode) == (3, 0, 0)
    assert "connector migrate" in before.stderr


def test_status_is_one_document(project):
    status, found = project.document("status")

    assert status == 0
    assert {"snapshot", "jobs", "notifications", "orders", "files", "held", "quarantine", "dead_letters"} <= set(found)
    assert found["notifications"]["pending"] == 0


def test_status_names_the_files_that_wait(project):
    (project.root / "inbox" / "prices").mkdir()
    (project.root / "inbox" / "prices" / "prices.csv").write_text("sku;price\n1;2\n")
    (project.root / "inbox" / "prices" / "half.csv.part").write_text("sku")

    assert project.document("status")[1]["files"] == {"waiting": 1, "names": {"prices": ["prices/prices.csv"]}, "unreachable": ""}


def test_status_survives_an_erp_that_is_away(project):
    done = project.call("status", "--json", CONNECTOR__ERP__SOURCE="file:not-there")

    assert done.returncode == 0
    assert json.loads(done.stdout)["files"]["unreachable"]
    assert "cannot be listed" in done.stderr


def test_housekeeping_runs_and_is_remembered(project):
    done = project.call("run", "housekeeping")
    last = project.document("status")[1]["jobs"]["housekeeping"]

    assert done.returncode == 0
    assert (last["exit_status"], last["failures"]) == (0, [])
    assert last["ended_at"] >= last["started_at"]


@pytest.mark.parametrize("where", ["journal", "another", "unset"])
def test_what_files_say_is_not_printed_into_the_journal(project, where):
    folder = project.root / "inbox" / "tracking"
    folder.mkdir(parents=True)
    (folder / "t.csv").write_text("order_id;invoice_number;courier;tracking_number;event_date;description\n1;1;C;T;Joao Conceicao;x\n")
    reader, writer = os.pipe()
    stream = os.fstat(writer)
    told = {"journal": f"{stream.st_dev}:{stream.st_ino}", "another": f"{stream.st_dev}:{stream.st_ino + 1}", "unset": ""}[where]
    line = [str(COMMAND), "run", "report-documents"]
    process = subprocess.Popen(line, env=project.environment | {"JOURNAL_STREAM": told}, stdout=writer, stderr=writer)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()

    assert process.wait(60) == 1
    assert "tracking/t.csv, line 2, event_date" in said
    assert ("Joao" in said) is (where != "journal")


def test_a_dry_run_leaves_no_record(project):
    status, found = project.document("run", "housekeeping", "--dry-run")

    assert (status, found["dry_run"], found["exit_status"]) == (0, True, 0)
    assert project.document("status")[1]["jobs"] == {}


def test_a_job_that_runs_elsewhere_is_refused_naming_the_holder(project):
    project.call("status")
    lock = project.root / "var" / "locks" / "housekeeping.lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write(json.dumps({"holder": "pid 4711 on erp-server", "since": "2026-11-24T08:00:00+00:00"}))
        held.flush()
        code = "import sys, jobs.running as r, connector.usecases.turns as t; from connector.app import load; from jobs import Pass\n"
        code += "try: r.run_job(load(sys.argv[1]), 'housekeeping', Pass(by_hand=True), wait_seconds=0.3)\n"
        code += "except Exception as e: print(type(e).__name__, e, e.exit_status)"
        said = subprocess.run(
            [sys.executable, "-c", code, str(project.config)], capture_output=True, text=True, env=project.environment, check=True
        )

    assert said.stdout.startswith("Busy housekeeping is running elsewhere: pid 4711 on erp-server, since 2026-11-24T08:00:00+00:00")
    assert said.stdout.endswith(" 1\n")


def test_a_job_waits_for_its_turn(project):
    project.call("status")
    lock = project.root / "var" / "locks" / "housekeeping.lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        waiting = project.start("run", "housekeeping")
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(3)
    said, complained = waiting.communicate(timeout=30)

    assert (waiting.returncode, complained) == (0, "")
    assert "housekeeping" in said


def test_all_goes_on_after_a_failure_and_ends_with_the_worst_status(project):
    done = project.call("run", "all", "--json", CONNECTOR__ERP__SOURCE="file:not-there")
    found = json.loads(done.stdout)

    assert done.returncode == found["jobs"][0]["exit_status"] == 3
    assert [one["job"] for one in found["jobs"]] == [
        "refresh-snapshot",
        "notify-marketplaces",
        "export-orders",
        "report-documents",
        "housekeeping",
        "tell-alarms",
    ]
    assert found["jobs"][-1]["exit_status"] == 0
    assert "refresh-snapshot" in done.stderr


def test_a_dry_run_refuses_a_schedule_that_the_daemon_would_refuse(project):
    done = project.call("run", "all", "--dry-run", CONNECTOR__SCHEDULE__EXPORT_ORDERS="every now and then")

    assert done.returncode == 2
    assert "schedule.export_orders" in done.stderr


def test_init_makes_a_project_whose_settings_hold(project, tmp_path):
    made = project.call("init", tmp_path / "new")
    again = project.call("init", tmp_path / "new")

    assert (made.returncode, again.returncode) == (0, 2)
    assert "not empty" in again.stderr
    assert project.call("--config", tmp_path / "new" / "config" / "connector.toml", "status").returncode == 0
    assert (tmp_path / "new" / ".gitignore").exists()
    assert (tmp_path / "new" / "outbox").is_dir()
    assert {folder.name for folder in (tmp_path / "new" / "inbox").iterdir()} == set(FEEDS)


def test_check_says_what_each_thing_is_and_what_to_do(project):
    status, found = project.document("check")
    by_name = {check["name"]: check for check in found["checks"] if check["state"] != "ok"}

    assert status == found["exit_status"] == 3
    assert by_name["marketplace loja"]["state"] == "unreachable"
    assert by_name["marketplace loja"]["remedy"]
    assert {"settings", "schedule", "database", "ERP source", "ERP target", "free disk"} <= {c["name"] for c in found["checks"]}


def test_check_names_a_schedule_that_cannot_be_read(project):
    done = project.call("check", CONNECTOR__SCHEDULE__HOUSEKEEPING="every now and then")

    assert "schedule.housekeeping" in done.stdout
    assert done.returncode in (1, 3)


def test_check_refuses_a_path_token_that_no_address_could_hold_and_warns_of_a_short_one(project):
    project.config.write_text(project.config.read_text() + '[api.auth]\npath_token = "env:SELLER_PATH_TOKEN"\n')
    refused = project.call("check", SELLER_PATH_TOKEN="ab/cd+ef==0123456789")
    short = project.call("check", SELLER_PATH_TOKEN="ab-cd.ef")

    assert "api.auth.path_token: found" in refused.stdout
    assert "ab/cd+ef" not in refused.stdout + refused.stderr
    assert "it has less than 16 characters" in short.stdout


def test_serve_refuses_a_secret_that_is_not_there(project):
    project.config.write_text(project.config.read_text() + '[api.auth]\npath_token = "env:SELLER_PATH_TOKEN"\n')
    done = project.call("serve", SELLER_PATH_TOKEN="")

    assert done.returncode == 2
    assert "env:SELLER_PATH_TOKEN" in done.stderr


def test_serve_answers_and_ends_on_sigterm(project):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = project.start("serve", CONNECTOR__API__BIND=f"127.0.0.1:{port}", CONNECTOR__API__WORKERS="1")
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/healthz"), "the API's first answer")
    finally:
        server.terminate()
        complained = server.communicate(timeout=40)[1]

    assert server.returncode == 0
    assert "Traceback" not in complained


@pytest.mark.parametrize("kind", ["gunicorn", "granian"])
def test_serve_names_an_address_that_is_taken_and_how_to_have_another(project, kind):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        done = project.call("serve", CONNECTOR__API__BIND=bind, CONNECTOR__API__SERVER=kind)

    assert (done.returncode, done.stdout) == (3, "")
    assert f"another process listens at {bind}" in done.stderr
    assert "[api] bind" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("bind", ["192.0.2.1:8000", "127.0.0.1:99999"])
def test_serve_names_an_address_that_is_none_of_this_machine(project, bind):
    guarded = {"CONNECTOR__API__AUTH__ALLOW_FROM": '["10.0.0.0/8"]'}
    done = project.call("serve", CONNECTOR__API__BIND=bind, **guarded)

    assert done.returncode == 3
    assert f"nothing can listen at {bind}" in done.stderr


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:
            return reply.status == 200
    except OSError:
        return False


def test_an_unknown_order_is_exit_1(project):
    done = project.call("orders", "show", "NONE")

    assert (done.returncode, done.stdout) == (1, "")
    assert "NONE" in done.stderr


def test_a_reader_that_goes_away_is_no_error(project):
    project.call("status")
    reading = subprocess.Popen(
        f"{Path(sys.executable).parent / 'connector'} status --json | head -c 1",
        shell=True, cwd=project.root, env=project.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    said, complained = reading.communicate(timeout=60)

    assert (said, complained) == ("{", "")


def test_what_a_terminal_cannot_print_is_printed_escaped_and_stops_nothing(project):
    path = project.root / "inbox" / "stock" / "a–b.csv"
    path.parent.mkdir(parents=True)
    path.write_text("sku;quantity\nA;1\n")
    done = project.call("run", "all", PYTHONIOENCODING="latin-1")

    assert "a\\u2013b.csv: 1 added" in done.stdout
    assert "unexpected" not in done.stderr
    assert {"refresh-snapshot", "export-orders"} <= set(project.document("status")[1]["jobs"])


def test_logs_and_documents_do_not_mix(project):
    done = project.call("--debug", "run", "housekeeping", "--json")

    assert json.loads(done.stdout)["job"] == "housekeeping"


def test_help_is_quick(project):
    def least(line):
        times = []
        for _ in range(7):
            started = time.perf_counter()
            subprocess.run(line, capture_output=True, check=True, env=project.environment)
            times.append(time.perf_counter() - started)
        return min(times)

    extra = least([str(Path(sys.executable).parent / "connector"), "--help"]) - least([sys.executable, "-c", "pass"])

    assert extra < (0.5 if os.environ.get("CI") else 0.3)
