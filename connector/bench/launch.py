"""Run a program and write down what it cost: `python -I -S launch.py RESULT PROGRAM …`.

A process begins with the peak of memory of whoever started it, as the kernel counts; this one is small, so what it starts counts by itself.
"""

from __future__ import annotations

import os
import sys
import time


def main(result: str, argv: list[str]) -> None:
    """Run to the end; writes exit status, seconds, seconds of both cores, and the peak in KiB."""
    started = time.perf_counter()
    process = os.fork() or os.execvp(argv[0], argv)  # noqa: S606  # our own command lines; no shell is wanted
    _, status, used = os.wait4(process, 0)
    seconds = time.perf_counter() - started
    with open(result, "w", encoding="ascii") as file:  # noqa: PTH123  # pathlib would be most of what is imported here
        file.write(f"{os.waitstatus_to_exitcode(status)} {seconds} {used.ru_utime + used.ru_stime} {used.ru_maxrss}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
