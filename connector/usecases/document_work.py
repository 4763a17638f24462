"""The work that a file of documents is: taken in parts, each a transaction of its own that notes how far the file was taken.

A file of thousands would else hold SQLite's one write lock for seconds, while orders want to be placed.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from connector.domain.documents import Objection
from connector.storage import quarantine
from connector.storage.quarantine import Refusal
from connector.storage.staging import Refused
from connector.usecases.document_rows import KEYS, Row, as_record, grouped
from connector.usecases.document_taking import take_one
from connector.usecases.nfe_cancelled import raise_alarm
from connector.usecases.taking import Taking

Key = tuple[str, ...]
MayGoOn = Callable[[], bool]

_BATCH = 50
OF_ONE_ROW = ("cancellations", "acks")


@dataclass
class Outcome:
    """What a file's documents came to: sentences on what is new, and refused rows.

    `known` counts documents that were taken before; `earlier` those that are new, but were taken by a process that died since.
    """

    news: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    known: int = 0
    earlier: int = 0

    @property
    def taken(self) -> int:
        return self.earlier + len(self.news)


@dataclass
class Work:
    """A file's documents, and how far they were taken: documents, then closed refusals of before, then listed refusals."""

    feed: str
    groups: list[tuple[Key, list[Row]]]
    spoiled: dict[Key, Objection]
    outcome: Outcome
    done: int = 0
    healed: int = 0
    listed: int = 0

    @property
    def keys(self) -> list[Key]:
        """The documents that the file names, once all were looked at."""
        return sorted({*(key for key, _ in self.groups), *(one.key for one in self.outcome.refusals if one.key is not None)})


def begin(feed: str, rows: Sequence[Row], rejections: Sequence[Refused], progress: dict[str, Any] | None = None) -> Work:
    """Gather rows into documents; with `progress`, go on where another process stopped. `rejections` could not be read."""
    unread = [_with_our_key(feed, one) for one in rejections]
    groups = grouped(feed, rows)
    work = Work(feed, list(groups.items()), _spoiled(feed, groups, unread), Outcome(refusals=unread))
    return work if progress is None else _resumed(work, progress)


def by_order(work: Work) -> Work:
    """Put the documents of one order side by side: a dry run forgets each part, and those of one order depend on one another."""
    first = {key[0]: at for at, (key, _) in reversed(list(enumerate(work.groups)))}
    work.groups.sort(key=lambda one: first[one[0][0]])
    return work


def go_on(by: Taking, work: Work, may_go_on: MayGoOn) -> bool:
    """Take documents until all are, or it may not go on; True when the whole file was taken and its refusals are listed.

    Neighbours of one order stay together.
    """
    last: str | None = None
    while work.done < len(work.groups):
        key, group = work.groups[work.done]
        if last is not None and key[0] != last and not may_go_on():
            return False
        _note(work.outcome, key, group, work.spoiled.get(key) or take_one(by, work.feed, group))
        work.done, last = work.done + 1, key[0]
    return (last is None or may_go_on()) and _close(by, work, may_go_on)


def _note(outcome: Outcome, key: Key, group: Sequence[Row], taken: str | Objection) -> None:
    if isinstance(taken, Objection):
        outcome.refusals += _refused(key, group, taken)
    elif taken:
        outcome.news.append(taken)
    else:
        outcome.known += 1


def _close(by: Taking, work: Work, may_go_on: MayGoOn) -> bool:
    """Close what was refused of these documents before, for this is the ERP's newest word; then list what is refused now."""
    keys, refusals = work.keys, work.outcome.refusals
    if not work.healed:
        refusals.sort(key=lambda refusal: refusal.line)
    while work.healed < len(keys):
        quarantine.heal(by.tx, work.feed, keys[work.healed : work.healed + _BATCH], by.now)
        work.healed += _BATCH
        if not may_go_on():
            return False
    while work.listed < len(refusals):
        part = slice(work.listed, work.listed + _BATCH)
        refusals[part] = [raise_alarm(by, one) for one in refusals[part]]  # after the invoices of the same file
        quarantine.add(by.tx, by.file_id, work.feed, refusals[part], by.now)
        work.listed += _BATCH
        if not may_go_on():
            break
    return work.listed >= len(refusals)


# ── how far ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def progress_of(work: Work) -> dict[str, Any]:
    """Write how far a file was taken, for whoever goes on."""
    outcome = work.outcome
    counts = {"done": work.done, "healed": work.healed, "listed": work.listed, "taken": outcome.taken, "known": outcome.known}
    return {**counts, "refusals": [asdict(one) for one in outcome.refusals]}


def _resumed(work: Work, progress: dict[str, Any]) -> Work:
    refusals = [Refusal(**{**one, "key": one["key"] and tuple(one["key"])}) for one in progress["refusals"]]
    outcome = Outcome(refusals=refusals, known=progress["known"], earlier=progress["taken"])
    return replace(work, outcome=outcome, done=progress["done"], healed=progress["healed"], listed=progress["listed"])


# ── what is refused ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _with_our_key(feed: str, one: Refused) -> Refusal:
    """Follow a row that could not be read by its document's key."""
    width = len(KEYS[feed])
    key = one.key[:width] if one.key is not None and len(one.key) >= width else None
    return Refusal(one.line, one.column, one.value, one.reason, key, one.record)


def _spoiled(feed: str, groups: dict[Key, list[Row]], refused: Sequence[Refusal]) -> dict[Key, Objection]:
    """Say which documents have a row that could not be read; one whose key cannot be seen spoils its neighbours, for it may be theirs.

    Not so where a document is a row: nothing is missing from the neighbours.
    """
    owners = {line: key for key, group in groups.items() for line, _ in group}
    lines = sorted(owners)
    spoiled: dict[Key, Objection] = {}
    for one in refused:
        reason = f"line {one.line} of the same document is refused, and a document is taken whole or not at all"
        if one.key is not None:
            spoiled.setdefault(one.key, Objection("", "", reason))
        elif feed not in OF_ONE_ROW:
            at = bisect(lines, one.line)
            for line in lines[max(0, at - 1) : at + 1]:
                spoiled.setdefault(owners[line], Objection("", "", f"line {one.line} beside it cannot be read, and may belong to it"))
    return spoiled


def _refused(key: Key, group: Sequence[Row], objection: Objection) -> list[Refusal]:
    """Refuse every row of a document; the line that is to blame says why, the others name it."""
    blamed = objection.line or group[0][0]
    beside = f"refused with line {blamed}: {objection.reason}"
    return [
        Refusal(line, objection.column, objection.value, objection.reason, key, as_record(values))
        if line == blamed
        else Refusal(line, "", "", beside, key, as_record(values))
        for line, values in group
    ]
