"""Run the product's command with its commits counted; the number is the last line on standard output."""

from __future__ import annotations

import runpy
import sqlite3
import sys
from typing import Any

WORDS = ("COMMIT", "END")


def _counting(counted: list[str]) -> Any:
    connect = sqlite3.dbapi2.connect

    def traced(*arguments: Any, **named: Any) -> sqlite3.Connection:
        made: sqlite3.Connection = connect(*arguments, **named)
        made.set_trace_callback(lambda statement: counted.append(statement) if statement.upper().startswith(WORDS) else None)
        return made

    return traced


if __name__ == "__main__":
    commits: list[str] = []
    sqlite3.connect = sqlite3.dbapi2.connect = _counting(commits)
    try:
        runpy.run_module("connector", run_name="__main__", alter_sys=False)
    finally:
        print(len(commits), file=sys.__stdout__)
