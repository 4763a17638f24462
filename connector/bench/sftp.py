"""A large file over SFTP from OpenSSH's own server: the product with its checks beside the libraries' plain downloads."""

from __future__ import annotations

import filecmp
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from connector.bench import projects, show, sshd
from connector.bench.exports import SEED
from connector.bench.processes import Run, Wrong, module, run
from connector.bench.rows import Row
from connector.bench.sshd import Sshd
from connector.bench.terms import MILLION, Terms

GROUP = "sftp"
LARGEST_MB = 500
PRODUCT, PARAMIKO, ASYNCSSH, OPENSSH = "connector", "paramiko's get", "asyncssh's get", "OpenSSH's sftp"
GOALS = {PARAMIKO: 0.95, ASYNCSSH: None, OPENSSH: None}
PEAK_MIB = 64.0
ERP = """
[erp]
source = "sftp://{user}@127.0.0.1:{port}{folder}"
private_key = "file:{key}"
known_hosts = "{known_hosts}"
"""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of downloading; `seconds` reads from its run how long it took."""

    argv: list[str]
    seconds: Callable[[Run], float]


def rows(terms: Terms) -> Iterator[Row]:
    """Measure the rates of whole downloads, in alternating rounds; every one is compared with what lies on the server."""
    size_mb = min(LARGEST_MB, max(1, LARGEST_MB * terms.size // MILLION))
    work = f"SFTP download, {size_mb} MB"
    if not sshd.PROGRAM.exists():
        yield Row(GROUP, work, PARAMIKO, goal=GOALS[PARAMIKO], at_most=False, missing=f"{sshd.PROGRAM} is not installed")
        return
    source = _source(terms.work / "sftp" / f"{size_mb}" / "products", size_mb)
    to = terms.work / "round" / "fetched"
    to.parent.mkdir(exist_ok=True)
    show.progress(work)
    with sshd.running(terms.work / "sshd") as server:
        runs = _alternated(_ways(server, terms, source, to), source, to, terms.rounds)
    yield from _rows(work, size_mb, runs)


def _source(folder: Path, size_mb: int) -> Path:
    """Return a file of chance bytes, which no compression shortens; made where it is not there yet."""
    path = folder / "products.csv"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        chance = random.Random(SEED)
        with path.open("wb") as file:
            for _ in range(size_mb):
                file.write(chance.randbytes(MILLION))
    return path


def _ways(server: Sshd, terms: Terms, source: Path, to: Path) -> dict[str, Way]:
    root = projects.furnish(terms.work / "round" / "sftp-project")
    config = root / "config" / "connector.toml"
    place = {"user": server.user, "port": server.port, "folder": source.parent.parent, "key": server.key, "known_hosts": server.known_hosts}
    config.write_text(ERP.format(**place), encoding="utf-8")
    how = [server.port, server.user, server.key, server.known_hosts, source, to]
    ways = {
        PRODUCT: Way(module("connector.bench.fetching", config, source.parent.name, source.name, to), _printed),
        PARAMIKO: Way(module("connector.bench.peers.paramiko_get", *how), _printed),
        OPENSSH: Way(_openssh(server, source, to), lambda done: done.seconds),
    }
    if find_spec("asyncssh") is not None:
        ways[ASYNCSSH] = Way(module("connector.bench.peers.asyncssh_get", *how), _printed)
    return ways


def _printed(done: Run) -> float:
    return float(done.output.split()[-1])


def _openssh(server: Sshd, source: Path, to: Path) -> list[str]:
    options = [
        "-q",
        "-P",
        str(server.port),
        "-i",
        str(server.key),
        "-o",
        f"UserKnownHostsFile={server.known_hosts}",
        "-o",
        "IdentitiesOnly=yes",
    ]
    return ["/usr/bin/sftp", *options, f"{server.user}@127.0.0.1:{source}", str(to)]


def _alternated(ways: dict[str, Way], source: Path, to: Path, rounds: int) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, way in ways.items():
            to.unlink(missing_ok=True)
            done = run(way.argv)
            if not filecmp.cmp(source, to, shallow=False):
                raise Wrong(f"{name} fetched something else than what lies on the server")
            found[name].append(Run(way.seconds(done), done.cpu_seconds, done.peak_mib))
            show.progress(f"  round {number + 1}: {name} {found[name][-1].seconds:.2f} s, {done.peak_mib:.0f} MiB")
    return found


def _rows(work: str, size_mb: int, runs: dict[str, list[Run]]) -> Iterator[Row]:
    ours = runs[PRODUCT]
    for name, goal in GOALS.items():
        if name not in runs:
            yield Row(GROUP, work, name, goal=goal, at_most=False, missing="asyncssh is not installed")
            continue
        ratio = median(other.seconds / one.seconds for one, other in zip(ours, runs[name], strict=True))
        rates = [size_mb / median(one.seconds for one in some) for some in (ours, runs[name])]
        peak = max(one.peak_mib for one in runs[name])
        yield Row(GROUP, work, name, ratio, goal, at_most=False, figures=f"{rates[0]:.0f} MB/s, {rates[1]:.0f} MB/s; {peak:.0f} MiB")
    yield Row(GROUP, work, "peak of memory", max(one.peak_mib for one in ours), PEAK_MIB, unit="MiB")
