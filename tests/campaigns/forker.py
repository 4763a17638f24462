"""A process that has everything imported and nothing opened, and forks a child for each line of its input: ready to be traced.

Line: settings file, what to do, "stopped" or "". A stopped child waits for SIGCONT before it begins. Answers with the child's process id
(once it stands still, where it was to), and with how it ended: its exit status, or the negative number of the signal.
"""

import json
import os
import signal
import sys
from pathlib import Path

from falcon.testing import TestClient

from connector import app as building
from connector.usecases.passes import Pass
from connector.web.app import create_app
from jobs.running import run_job

sys.path[:0] = map(str, [Path(__file__).parents[2], Path(__file__).parents[1]])

from loaded import load  # noqa: E402  # the tests' own part, by path

BESIDE = Path(sys.argv[1])
"""Where the order to place lies, and answers and logs are left."""


def place(config):
    """Place the order that lies beside the project, and keep what was answered beside it."""
    order = json.loads((BESIDE / "order.json").read_text())
    answer = TestClient(create_app(building.load(config, wait_seconds=2)), headers={"Host": "127.0.0.1"}).simulate_post(
        "/pvt/orders", json=[order]
    )
    (BESIDE / "answers.txt").open("a").write(f"{answer.status_code} {answer.text if answer.status_code == 200 else ''}\n")
    return 0 if answer.status_code == 200 else 1


def child(config, what, *, stopped):
    sys.stdin.close()
    log = os.open(BESIDE / "child.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if stopped:
        os.kill(os.getpid(), signal.SIGSTOP)
    if what == "place":
        return place(config)
    report = run_job(building.load(config), what, Pass(by_hand=True))
    for line in report.failures:
        sys.stderr.write(f"{line}\n")
    return int(bool(report.failures))


def main():
    load()
    for line in sys.stdin:
        config, what, stopped = line.rstrip("\n").split("\t")
        pid = os.fork()
        if pid == 0:
            status = 70
            try:
                status = child(Path(config), what, stopped=bool(stopped))
            finally:
                os._exit(status)
        if stopped:
            os.waitpid(pid, os.WUNTRACED)
        answer(pid)
        answer(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def answer(number):
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
