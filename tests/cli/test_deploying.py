"""What deploy/ holds: units that systemd accepts and finds well guarded, installed by one command; proxies' files that they accept."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from servers import missing

from jobs import JOBS

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy" / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
WORST = 1.2
"""Of ten, as `systemd-analyze security` counts exposure; Debian's nginx has 9.6."""


def analyze(*words):
    if shutil.which("systemd-analyze") is None:
        missing("systemd-analyze is not there: install systemd")
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What deploy/install.sh puts below DESTDIR."""
    root = tmp_path_factory.mktemp("installed")
    line = ["sh", ROOT / "deploy" / "install.sh"]
    done = subprocess.run(line, env={**os.environ, "DESTDIR": str(root)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return root


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_is_more_exposed_than_that(service):
    done = analyze("security", "--offline=true", f"--threshold={round(WORST * 10)}", str(UNITS / service))

    assert done.returncode == 0, done.stdout + done.stderr
    assert float(re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)[1]) <= WORST


def test_the_threshold_is_no_formality(tmp_path):
    bare = tmp_path / "bare.service"
    bare.write_text("[Service]\nExecStart=/bin/true\n")

    assert analyze("security", "--offline=true", f"--threshold={round(WORST * 10)}", str(bare)).returncode != 0


def test_systemd_accepts_what_is_installed(installed):
    units = sorted((installed / "etc/systemd/system").iterdir())
    done = analyze("verify", *map(str, units))

    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in units} == {path.name for path in UNITS.iterdir()}


def test_every_job_has_its_timer_and_every_timer_its_unit():
    timers = {path.stem.removeprefix("connector-"): path.read_text() for path in UNITS.glob("*.timer")}
    units = {job: re.search(r"^Unit=(.*)$", text, re.MULTILINE)[1] for job, text in timers.items()}

    assert units == {**{job: f"connector-job@{job}.service" for job in JOBS}, "backup": "connector-backup.service"}
    assert {"connector-job@.service", "connector-backup.service"} <= set(SERVICES)


@pytest.mark.parametrize("unit", ["connector-daemon.service", "connector-job@.service"])
def test_a_unit_that_runs_jobs_sees_which_boot_this_is(unit):
    assert "\nProcSubset=pid\n" not in (UNITS / unit).read_text()


@pytest.mark.parametrize("unit", ["connector-daemon.service", "connector-api.service"])
def test_a_service_is_started_again_however_long_its_database_is_away(unit):
    text = (UNITS / unit).read_text()

    assert re.findall(r"^StartLimit.*$", text, re.MULTILINE) == ["StartLimitIntervalSec=0"]
    assert re.search(r"^Restart=on-failure$", text, re.MULTILINE)
    assert re.search(r"^RestartPreventExitStatus=2$", text, re.MULTILINE)


def test_it_is_installed_below_destdir_with_this_clone_s_command_and_secrets_for_root_alone(installed):
    daemon = (installed / "etc/systemd/system/connector-daemon.service").read_text()
    project = installed / "var/lib/connector"

    assert f"ExecStart={ROOT}/.venv/bin/connector daemon" in daemon
    assert "/opt/connector" not in daemon or str(ROOT).startswith("/opt/connector")
    assert (project / "config/connector.toml").is_file()
    assert [path for path in (project / "inbox").rglob("*") if path.is_file()] == []
    assert [oct(path.stat().st_mode & 0o777) for path in (project, installed / "etc/connector/credentials")] == ["0o700", "0o700"]


def test_installing_again_changes_no_setting(installed):
    settings = installed / "var/lib/connector/config/connector.toml"
    settings.write_text(settings.read_text() + "# mine\n")
    subprocess.run(["sh", ROOT / "deploy" / "install.sh"], env={**os.environ, "DESTDIR": str(installed)}, capture_output=True, check=True)

    assert settings.read_text().endswith("# mine\n")


def test_a_credential_of_systemd_s_is_a_secret_like_any_other(project, tmp_path):
    (tmp_path / "connector_vtex_key").write_text("key-of-acme\n")
    (tmp_path / "vtex_token").write_text("token-of-acme\n")
    settings = (
        project.config.read_text().replace("env:VTEX_APP_KEY", "credential:vtex_key").replace("env:VTEX_APP_TOKEN", "credential:vtex_token")
    )
    project.config.write_text(settings)
    there = project.call("check", CREDENTIALS_DIRECTORY=str(tmp_path))
    not_there = project.call("check", CREDENTIALS_DIRECTORY="")

    assert "its credentials are at hand" in there.stdout
    assert "credential:vtex_key" in not_there.stdout
    assert "/etc/connector/credentials" in not_there.stdout


def test_caddy_accepts_its_file():
    if shutil.which("caddy") is None:
        missing("caddy is not there: install caddy")
    done = subprocess.run(
        ["caddy", "validate", "--adapter", "caddyfile", "--config", ROOT / "deploy" / "Caddyfile"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert '"level":"warn"' not in done.stderr
