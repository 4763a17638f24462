"""What is answered was on the disk before: the system calls of a real worker, traced while orders are placed.

`make campaign PART=disk-order ARGS="--times 200"`. A kill leaves the kernel alive, and with it what was written and never synced; a power
cut does not. So the order of the calls is looked at: no `HTTP/1.1 200` may go out while a write into the database, or its log, is not yet
followed by a sync of that file.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import requests

from connector.web import server

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "web")]

from servers import wait_for  # noqa: E402  # the tests' own parts, by path
from web_world import free_port, order, set_up  # noqa: E402

from campaigns.kills import after_gunicorn  # noqa: E402
from campaigns.standing import Mould, Standing  # noqa: E402

SETTINGS = '[api]\nbind = "127.0.0.1:{port}"\nworkers = 1\nthreads = 4\n[erp]\ntarget = "file:outbox"\n'
CALL = re.compile(r"^(\d+) +(?:(\w+)\((\d+)<([^>]*)>|<\.\.\. (\w+) resumed>)(.*)$")
WRITES, SYNCS, SENDS = ("pwrite64", "write", "ftruncate"), ("fsync", "fdatasync"), ("sendto", "sendmsg", "write", "writev")


@dataclass
class Figures:
    """What the trace shows; `faults` is empty where every answer came after the sync."""

    answered: int
    seen: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def __str__(self):
        kept = "every answer after its sync" if not self.faults else "; ".join(self.faults)
        seen = ", ".join(f"{what} {times}" for what, times in sorted(self.seen.items()))
        return f"{self.answered} orders in {self.seconds:.0f} s ({seen}): {kept}"


def main(orders=200, seed=1, bug="none", folder=None):
    """Place so many orders, one after the other, and return the figures."""
    began = time.monotonic()
    with ExitStack() as stack:
        root = Path(folder or stack.enter_context(tempfile.TemporaryDirectory(prefix="campaign-")))
        trace, answered = _traced(stack, root, seed, bug, orders)
    figures = Figures(answered, seconds=time.monotonic() - began)
    early = _answers_before_their_sync(trace, figures.seen)
    if early:
        figures.faults.append(f"{early} answers went out before what they promise was synced")
    if figures.seen["answers"] < orders:
        figures.faults.append(f"{orders} orders were sent, {answered} taken")
    return figures


def _traced(stack, root, seed, bug, orders):
    """Serve, and place orders while the worker is traced; returns the trace's lines and how many were taken."""
    port, trace = free_port(), root / "trace"
    project = set_up(root / "project", SETTINGS.format(port=port))
    env = os.environ | {"CONNECTOR_CONFIG": str(project.config), "UNUSED_KEY": "k", "UNUSED_TOKEN": "t"}
    line = [str(HERE / "planted.py"), bug, str(root / "api.log"), "gunicorn", *after_gunicorn(server.command(project.config))]
    mould = Mould([sys.executable, *line], project.root, env)
    stack.callback(mould.end)
    api = Standing(mould.start)
    stack.callback(api.end)
    wait_for(lambda: _placed(port, f"{seed}-first"), "the API")
    worker = api.children()[0]
    calls = sorted({*WRITES, *SYNCS, *SENDS})
    argv = ["strace", "-f", "-y", "-s", "16", "-o", str(trace), "-e", f"trace={','.join(calls)}", "-p", str(worker)]
    tracer = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
    tracer.stderr.readline()  # "Process N attached"
    answered = sum(_placed(port, f"{seed}-{number}") for number in range(orders))
    tracer.terminate()
    tracer.communicate(timeout=30)
    return trace.read_text(errors="replace").splitlines(), answered


def _placed(port, number):
    try:
        return requests.post(f"http://127.0.0.1:{port}/pvt/orders?an=acme-market", json=[order(number)], timeout=10).status_code == 200
    except requests.RequestException:
        return False


def _answers_before_their_sync(lines, seen):
    """Count answers that went out while a write into a database file was not yet followed by a sync that began after it."""
    unsynced, syncing, early = set(), {}, 0
    for thread, name, path, rest, is_begun in _calls(lines):
        if name in SYNCS:
            if is_begun:
                syncing[thread] = {path} & unsynced
                unsynced.discard(path)
            if rest.rstrip().endswith("= 0"):
                seen["syncs"] += bool(syncing.pop(thread, ()))
        elif is_begun and Path(path).name in ("connector.db", "connector.db-wal"):
            unsynced.add(path)
            seen["writes"] += 1
        elif is_begun and "HTTP/1.1 200" in rest:
            seen["answers"] += 1
            early += bool(unsynced) or any(syncing.values())
    return early


def _calls(lines):
    """Yield (thread, call, file, the rest, whether it begins here); a call that another thread interrupts has two lines."""
    for line in lines:
        matched = CALL.match(line)
        if matched:
            thread, begun, _, path, resumed, rest = matched.groups()
            yield thread, begun or resumed, path or "", rest, begun is not None
