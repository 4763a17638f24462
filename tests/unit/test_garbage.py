"""What the daemon does for its memory, in a process of its own."""

import subprocess
import sys

FREED_BETWEEN = """
import re
from pathlib import Path
from connector.garbage import give_back

def held():
    return int(re.findall(r"RssAnon:\\s+([0-9]+) kB", Path("/proc/self/status").read_text())[0])

empty = held()
pieces = [bytes(1000) for _ in range(60_000)]
full = held()
del pieces[:-1:2], pieces[:-1:2], pieces[:-1:2], pieces[:-1:2], pieces[:-1:2], pieces[:-1:2]
before = held()
give_back()
print(full - empty, before - empty, held() - empty)
"""


def test_memory_that_is_free_between_pieces_that_are_not_is_given_back():
    said = subprocess.run([sys.executable, "-c", FREED_BETWEEN], capture_output=True, text=True, check=True)
    full, before, after = (int(size) for size in said.stdout.split())

    assert full > 50_000
    assert before > full * 0.9
    assert after < full * 0.2
