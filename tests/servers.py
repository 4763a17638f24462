"""Real servers for tests, started on loopback under a temporary folder: OpenSSH's sshd and PostgreSQL."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

SSHD = Path("/usr/sbin/sshd")
POSTGRESQL = Path("/usr/lib/postgresql")
DEADLINE_SECONDS = 30


def missing(what: str) -> NoReturn:
    """Skip, saying what is not there; where nothing may be skipped (CI=true), fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}; with CI=true nothing may be skipped")
    pytest.skip(what)


def chromium_program() -> str | None:
    """Return Debian's browser, or None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(condition: Callable[[], object], what: str, seconds: float = DEADLINE_SECONDS) -> None:
    """Look until the condition holds; fail, saying what was waited for, when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.01)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _stop(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    process.send_signal(how)
    try:
        process.wait(DEADLINE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# ── OpenSSH ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
SSHD_SETTINGS = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UseDNS no
MaxStartups 100
Subsystem sftp internal-sftp
ForceCommand internal-sftp -d {home} {options}
"""


@dataclass(frozen=True, slots=True)
class Sshd:
    """A running server. `home` is the folder a session starts in, as it lies on this machine (nothing is chrooted)."""

    port: int
    user: str
    home: Path
    user_key: Path
    host_key: Path
    known_hosts: Path
    pid: int

    def url(self, folder: Path | None = None) -> str:
        return f"sftp://{self.user}@127.0.0.1:{self.port}{folder or self.home}"

    @property
    def host_public_key(self) -> str:
        """The key's type and base64, as known_hosts writes them."""
        return " ".join(self.host_key.with_suffix(".pub").read_text().split()[:2])

    def sessions(self) -> list[int]:
        """Return the process ids of every session that is open, parents first."""
        found, parents = [], _parents()
        generation = [self.pid]
        while generation:
            generation = [pid for pid, parent in parents.items() if parent in generation]
            found += generation
        return found

    def signal_sessions(self, which: signal.Signals) -> list[int]:
        """Kill, freeze or thaw every session; the server itself goes on."""
        pids = self.sessions()
        for pid in pids:
            try:
                os.kill(pid, which)
            except ProcessLookupError:
                continue
        return pids


def _parents() -> dict[int, int]:
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(status.parent.name)] = int(fields[1])
    return parents


@contextmanager
def running_sshd(folder: Path, *, host_key_type: str = "ed25519", options: str = "", extra_settings: str = "") -> Iterator[Sshd]:
    """Run a server with keys of its own; `options` go to internal-sftp, `extra_settings` are lines of sshd_config."""
    home = folder / "home"
    home.mkdir(parents=True)
    user_key, host_key = folder / "user_key", folder / "host_key"
    _make_key(user_key, "ed25519")
    _make_key(host_key, host_key_type)
    shutil.copy(user_key.with_suffix(".pub"), folder / "authorized_keys")
    port = free_port()
    known_hosts = folder / "known_hosts"
    known_hosts.write_text(f"[127.0.0.1]:{port} {' '.join(host_key.with_suffix('.pub').read_text().split()[:2])}\n")
    (folder / "sshd_config").write_text(extra_settings + SSHD_SETTINGS.format(port=port, folder=folder, home=home, options=options))
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd demands it for its unprivileged half
    log = folder / "sshd.log"
    process = subprocess.Popen([SSHD, "-D", "-f", folder / "sshd_config", "-E", log], stdin=subprocess.DEVNULL)
    try:
        wait_for(lambda: _listens(port) or process.poll() is not None, "sshd")
        assert process.poll() is None, log.read_text()
        server = Sshd(port, pwd.getpwuid(os.getuid()).pw_name, home, user_key, host_key, known_hosts, process.pid)
        yield server
        server.signal_sessions(signal.SIGKILL)
    finally:
        _stop(process, signal.SIGTERM)


def _make_key(path: Path, kind: str) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "test", "-f", path], check=True, stdin=subprocess.DEVNULL)


# ── PostgreSQL ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def postgresql_programs() -> Path | None:
    """Return the newest version's folder of programs, or None where PostgreSQL is not installed."""
    found = sorted(POSTGRESQL.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class Postgresql:
    """A server without passwords in a folder of its own, on a port of its own; `url` is its address, without a database's name."""

    def __init__(self, programs: Path):
        self._programs = programs
        self._user = "postgres" if os.getuid() == 0 else getpass.getuser()  # it refuses to run as root
        self.folder = Path(tempfile.mkdtemp(prefix="connector-postgresql-"))
        shutil.chown(self.folder, self._user)
        self.port = free_port()
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self.port}"
        line = [programs / "initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(line, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **_as(self._user))
        self._process = self._started()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _started(self) -> subprocess.Popen[bytes]:
        options = ["-h", "127.0.0.1", "-p", str(self.port), "-k", str(self.folder), "-c", "fsync=off", "-c", "max_connections=200"]
        line = [self._programs / "postgres", "-D", self._data, *options]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(line, stdout=log, stderr=log, cwd=self.folder, **_as(self._user))
        wait_for(lambda: _accepts(self._programs, self.port) or process.poll() is not None, "PostgreSQL")
        assert process.poll() is None, (self.folder / "log").read_text()
        return process

    def crash_and_start(self) -> None:
        """End it as `pg_ctl -m immediate` does, without a word to anybody, and start it again: it recovers from its log."""
        _stop(self._process, signal.SIGQUIT)
        self._process = self._started()

    def end(self) -> None:
        _stop(self._process, signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def running_postgresql(programs: Path) -> Iterator[str]:
    """Run a server; yields its address, without a database's name."""
    server = Postgresql(programs)
    try:
        yield server.url
    finally:
        server.end()


def _as(user: str) -> dict[str, Any]:
    if os.getuid() != 0:
        return {}
    account = pwd.getpwnam(user)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _accepts(programs: Path, port: int) -> bool:
    return subprocess.run([programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode == 0
