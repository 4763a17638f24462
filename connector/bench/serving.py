"""Servers under load, each started as its operator would, on a port of its own."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from connector.bench.processes import Wrong

START_SECONDS = 120
TRIES = 20
THREADS = 16


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def gunicorn(application: str, port: int) -> list[str]:
    """Return the command line of a server as the product's own is: one worker of gunicorn's with threads."""
    options = [
        "-k",
        "gthread",
        "-w",
        "1",
        "--threads",
        str(THREADS),
        "-b",
        f"127.0.0.1:{port}",
        "--keep-alive",
        "30",
        "--no-control-socket",
    ]
    return [sys.executable, "-m", "gunicorn", *options, f"connector.bench.peers.{application}"]


@contextmanager
def served(argv: Sequence[str], port: int, log: Path, **as_whom: Any) -> Iterator[int]:
    """Run a server until the end of the block, as another user where one is named; yields its process id. Raises Wrong where it fails."""
    with log.open("wb") as said, subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=said, stderr=said, **as_whom) as process:
        try:
            _await(process, port, log)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _listens(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise Wrong(f"a server does not come up: {log.read_text(encoding='utf-8', errors='replace')[-1000:]}")
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(port: int, path: str, document: Any) -> Any:
    """Post one document; returns the answer's. Where it is to be sent again (503), it is. Raises Wrong where it is no 200 at last."""
    for _ in range(TRIES):
        status, body = _post(port, path, json.dumps(document))
        if status != http.client.SERVICE_UNAVAILABLE:
            break
        time.sleep(1)
    if status != http.client.OK:
        raise Wrong(f"port {port} answered {status}: {body[:500]!r}")
    return json.loads(body)


def _post(port: int, path: str, body: str) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()


def request(path: str, body: bytes | None) -> bytes:
    """Return a request as it goes over the wire: a POST, or a GET where there is no body."""
    method, content = ("GET", b"") if body is None else ("POST", body)
    kind = "" if body is None else f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{kind}\r\n".encode("ascii") + content
