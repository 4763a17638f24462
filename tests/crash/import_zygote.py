"""A process that has everything imported and nothing opened; forks one that imports on each line of its input, so that many can be killed.

Line, as JSON: the settings file, and where the pass kills itself, if anywhere: at a look at the clock or a commit, counted from 1, or
"before" or "after" it removes a file. Answers with the child's process id, and with its exit status when it has ended.
"""

import json
import os
import signal
import sys
import traceback
from pathlib import Path

from sqlalchemy import event

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "jobs"))
import catalog_world  # noqa: F401  # imports what reads the exports, once for all children

from connector import app as building
from connector import settings
from connector.app import utc_now
from connector.erp.local import LocalStore
from connector.storage import generations
from connector.usecases.passes import Pass
from jobs import refresh_snapshot


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


class DiesAt:
    """Dies when it was called so often."""

    def __init__(self, number):
        self.left = number

    def __call__(self, *_):
        self.left -= 1
        if self.left == 0:
            die()


class Deadly(LocalStore):
    def __init__(self, root, when):
        super().__init__(root)
        self.when = when

    def remove(self, file):
        if self.when == "before":
            die()
        super().remove(file)
        if self.when == "after":
            die()


def refresh(config, call, commit, removal):
    if commit:
        generations.LARGE, generations.PART = 0, 2  # a large change is made in parts, each with commits of its own
    look = DiesAt(call)
    app = building.build(settings.load(Path(config)), clock=lambda: look() or utc_now())
    event.listen(app.db.engine, "commit", DiesAt(commit))
    refresh_snapshot.run(app.taking_from(Deadly(app.root / "inbox", removal)), Pass())


def forked(asked):
    child = os.fork()
    if child == 0:
        os.dup2(2, 1)  # what it logs is no answer
        try:
            refresh(**asked)
        except BaseException:  # noqa: BLE001  # whatever it is, the child reads no lines of its parent's
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child


def answer(number):
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main():
    for line in sys.stdin:
        child = forked(json.loads(line))
        answer(child)
        answer(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    main()
