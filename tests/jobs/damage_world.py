"""Damaging a SQLite database, as a bad disk does: 200 bytes at the head of pages are overwritten, by another process.

In ours, opening the files would drop SQLite's locks.
"""

import subprocess
import sys

PAGE = 4096
OVERWRITE = """
import os, sys
with open(sys.argv[1], "r+b") as file:
    for page in map(int, sys.argv[2:]):
        file.seek((page - 1) * 4096)
        file.write(os.urandom(200))
"""
ROOT_OF = """
import sqlite3, sys
opened = sqlite3.connect(sys.argv[1])
print(*[opened.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()[0] for name in sys.argv[2:]])
opened.close()
"""


def pages_of(database, *tables):
    """Return the first page of each table."""
    done = subprocess.run([sys.executable, "-c", ROOT_OF, database, *tables], capture_output=True, text=True, check=True)
    return [int(page) for page in done.stdout.split()]


def damage(database, *pages):
    subprocess.run([sys.executable, "-c", OVERWRITE, database, *map(str, pages)], check=True)


def content(path):
    return subprocess.run(["cat", path], capture_output=True, check=True).stdout
