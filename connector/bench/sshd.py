"""An OpenSSH server on loopback, with keys of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connector.bench.serving import free_port, served

PROGRAM = Path("/usr/sbin/sshd")
SETTINGS = """\
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
Subsystem sftp internal-sftp
"""


@dataclass(frozen=True, slots=True)
class Sshd:
    """A running server, which shows this machine's files; `key` is the user's private one."""

    port: int
    user: str
    key: Path
    known_hosts: Path


@contextmanager
def running(folder: Path) -> Iterator[Sshd]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    port = free_port()
    for name in ("user_key", "host_key"):
        _make_key(folder / name)
    shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
    host_key = " ".join((folder / "host_key.pub").read_text(encoding="ascii").split()[:2])
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}\n", encoding="ascii")
    (folder / "sshd_config").write_text(SETTINGS.format(port=port, folder=folder), encoding="utf-8")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd demands it for its unprivileged half
    with served([str(PROGRAM), "-D", "-e", "-f", str(folder / "sshd_config")], port, folder / "log"):
        yield Sshd(port, pwd.getpwuid(os.getuid()).pw_name, folder / "user_key", folder / "known_hosts")


def _make_key(path: Path) -> None:
    argv = ["/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", str(path)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
