"""A process that has everything imported and nothing opened; forks an exporter on each line of its input, so that many can be killed.

Line: the settings file, and where the exporter is to kill itself ("" or "published": after the rename, before it is settled).
Answers with the child's process id.
"""

import os
import signal
import sys
from pathlib import Path

from connector import app as building
from connector.erp.local import LocalStore
from connector.usecases.passes import Pass
from jobs.running import run_job


class KilledAfterTheRename(LocalStore):
    def publish(self, partial):
        super().publish(partial)
        os.kill(os.getpid(), signal.SIGKILL)


def export_until_killed(config: Path, where: str) -> None:
    app = building.load(config)
    if where == "published":
        app.__dict__["target"] = KilledAfterTheRename(app.target.root)
    while True:
        run_job(app, "export-orders", Pass(by_hand=True))


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        config, _, where = line.rstrip("\n").partition("\t")
        child = os.fork()
        if child == 0:
            os.dup2(2, 1)  # what it logs is no answer
            export_until_killed(Path(config), where)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
