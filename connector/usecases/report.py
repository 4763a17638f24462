"""What one pass of a job did: sentences for people, counts for machines, failures for the exit status."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from connector.formats.translating import own_words

Logged = tuple[str, str]
"""How the log tells a line that holds what others wrote: a beginning of ours, and a reason, of which it says our own words alone."""
NOT_LOGGED: Logged = ("", "")


def for_the_log(one: Logged) -> str:
    """Say a line as the log may hold it."""
    begins, reason = one
    return f"{begins}: {own_words(reason)}" if reason else begins


def of_feed(feed: str, name: str) -> str:
    """Name a file, and the feed that it was read as where its folder is another's."""
    return name if name.startswith(f"{feed}/") else f"{name} as {feed}"


@dataclass
class Report:
    job: str
    dry_run: bool = False
    lines: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    details: list[dict[str, Any]] = field(default_factory=list)
    unreachable: bool = False
    logged_lines: list[Logged] = field(default_factory=list)
    logged_failures: list[Logged] = field(default_factory=list)

    def did(self, line: str, logged: Logged | None = None, /, **counts: int) -> None:
        """Note something done, in a sentence; counts add up. `logged` is needed where the sentence holds what others wrote."""
        self.lines.append(line)
        self.logged_lines.append(logged or (line, ""))
        self.counts.update(counts)

    def failed(self, line: str, logged: Logged | None = None, /, *, unreachable: bool = False, **counts: int) -> None:
        """Note something rejected, given up or still failing, by name. `logged` is needed where the sentence holds what others wrote.

        The exit status becomes 1, or 3 where something could not be reached.
        """
        self.failures.append(line)
        self.logged_failures.append(logged or (line, ""))
        self.counts.update(counts)
        self.unreachable = self.unreachable or unreachable

    def add(self, other: Report) -> None:
        """Add what a part of the pass did: each thread writes a report of its own."""
        self.lines += other.lines
        self.failures += other.failures
        self.logged_lines += other.logged_lines
        self.logged_failures += other.logged_failures
        self.counts.update(other.counts)
        self.details += other.details
        self.unreachable = self.unreachable or other.unreachable

    @property
    def exit_status(self) -> int:
        if not self.failures:
            return 0
        return 3 if self.unreachable else 1

    def as_dict(self) -> dict[str, Any]:
        return {
            "job": self.job,
            "dry_run": self.dry_run,
            "exit_status": self.exit_status,
            "done": self.lines,
            "failures": self.failures,
            "counts": dict(self.counts),
            "details": self.details,
        }
