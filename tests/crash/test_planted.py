"""The planted bugs really are there: one that changes nothing can never be found, and tells nothing about its campaign."""

import os
import subprocess
import sys
from pathlib import Path

from campaigns.planted import BUGS

WHAT_EACH_CHANGES = """
import importlib, os, pkgutil, sys
import connector
for module in pkgutil.walk_packages(connector.__path__, "connector."):
    if not module.name.endswith("__main__") and "migrations" not in module.name:
        importlib.import_module(module.name)
from campaigns.planted import BUGS

def ours():
    found = {}
    for module in [module for name, module in sys.modules.items() if name.startswith("connector")]:
        for name, value in vars(module).items():
            found[module.__name__, name] = value
            if isinstance(value, type):
                found.update({(module.__name__, name, inner): held for inner, held in vars(value).items()})
    return found

before = ours()
for bug in BUGS:
    if not os.fork():
        BUGS[bug]()
        after = ours()
        print(bug, sum(after[name] is not before[name] for name in before), len(after.keys() - before.keys()), flush=True)
        os._exit(0)
    os.wait()
"""
TWO_WRITERS = """
import sys
from campaigns.planted import BUGS
if sys.argv[2] != "none":
    BUGS[sys.argv[2]]()
from connector.storage.database import Database
one, other = (Database(sys.argv[1], wait_seconds=0) for _ in range(2))
with one.write():
    try:
        with other.write():
            print("both")
    except Exception as error:
        print(type(error).__name__)
"""


def run(script, *arguments):
    path = {"PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], env=os.environ | path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_each_planted_bug_changes_what_is_there_and_adds_nothing():
    lines = [line.split() for line in run(WHAT_EACH_CHANGES).splitlines()]

    assert [bug for bug, changed, added in lines if int(changed) and not int(added)] == list(BUGS)


def test_two_write_at_once_where_transactions_begin_deferred_and_else_one_waits(tmp_path):
    url = f"sqlite:///{tmp_path / 'c.db'}"

    assert run(TWO_WRITERS, url, "deferred") == "both"
    assert run(TWO_WRITERS, url, "none") != "both"
