"""Files for the ERP: each appears complete or not at all, and once, even where the ERP takes it away within a millisecond.

The message is marked `publishing` before the rename, and the temporary file itself is the commit record: still there, it was not
published, and is now; gone from the very folder the mark was made in, it was, whether or not the final file is still to be seen
(reliability §0, 1 to 3). Where another folder is there, a person judges, or the folder itself when it is back. One process at a time may
do this: the caller holds the job's turn; marks are made behind its fence (decision 16).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from connector.app import App
from connector.delivery import needless, papers
from connector.domain.messages import ERP, FILE_KINDS, MAX_ATTEMPTS, Kind, Message, next_attempt
from connector.erp.names import PARTIAL_FOLDER, is_unfinished_of
from connector.erp.store import Partial, Presence
from connector.errors import ConnectorError, ErpUnreachable, HostKeyChanged, Misuse, TargetOccupied
from connector.storage import documents, doubts, fences, order_story, outbox, project, repeated
from connector.usecases import errors_back, upkeep
from connector.usecases.passes import Pass
from connector.usecases.report import Report

log = logging.getLogger(__name__)

BATCH = 50
NAMED = 5


@dataclass(frozen=True, slots=True)
class Written:
    """A message whose file lies finished in `.partial/`."""

    message: Message
    partial: Partial


@dataclass(frozen=True, slots=True)
class Begun:
    """What a pass begins with: files that were being published or are in doubt, how much waits, and the project's id."""

    interrupted: list[Written]
    doubtful: list[Written]
    waiting: int
    owner: str


def export(app: App, how: Pass, report: Report) -> None:
    """1. Finish what was being published.  2. Clear what never was.  3. Write, mark, publish and settle the rest, batch by batch."""
    begun = _begun(app)
    if not begun.waiting and not begun.doubtful:
        return
    try:
        untold = [*_look_again(app, begun.doubtful, report), *_finish(app, begun.interrupted, report)]
        _clear_strays(app, begun.owner, {written.partial.name for written in untold})
        started = app.now
        while not how.stop.is_set() and (claimed := _claim(app, how, started)):
            _export(app, claimed, begun.owner, report)
            upkeep.checkpoint(app, over_bytes=upkeep.LARGE_WAL_BYTES, wait_seconds=0)  # while orders come, a pass may last for hours
    except (ErpUnreachable, HostKeyChanged) as error:
        report.failed(f"orders wait for the ERP's folder: {error}", unreachable=True)


@repeated.when_deadlocked
def _begun(app: App) -> Begun:
    """Take back what a dead process had in hand."""
    with app.db.write() as tx:
        outbox.reclaim(tx, ERP, FILE_KINDS, app.now, expired_only=False)
        interrupted, doubtful = _marked(outbox.publishing(tx, ERP)), _marked(doubts.given_up(tx, ERP))
        return Begun(interrupted, doubtful, sum(outbox.waiting(tx, ERP, FILE_KINDS).values()), project.own_id(tx, app.db))


def _marked(found: list[tuple[Message, dict[str, str]]]) -> list[Written]:
    return [Written(message, Partial(**partial)) for message, partial in found]


def preview(app: App, report: Report) -> None:
    """Say what a pass would write; nothing is written and nothing changes."""
    with app.db.read() as tx:
        waiting = [(Kind(kind), reference) for kind, reference in outbox.sample(tx, ERP, FILE_KINDS, 1000)]
        ended = needless.ended_of(tx, waiting)
    for kind, reference in (one for one in waiting if one not in ended):
        report.did(f"would write {papers.PAPERS[kind].folder}/{reference}", would_write=1)


# ── after a crash ───────────────────────────────────────────────────────────────────────────────────────────────────────
def _finish(app: App, interrupted: list[Written], report: Report) -> list[Written]:
    """Publish what still lies there, settle what is gone, give up what cannot be told; returns the latter."""
    untold = []
    for written in interrupted:
        presence = app.target.presence(written.partial)
        if presence is Presence.UNKNOWN:
            _give_up(app, written, report)
            untold.append(written)
        elif presence is Presence.THERE:
            _mark_and_publish(app, [written], report)  # once more: its order may have ended since
        else:
            _publish(app, [written], report)
    return untold


def _give_up(app: App, written: Written, report: Report) -> None:
    with app.db.write() as tx:
        doubts.give_up(tx, written.message, app.now)
    why = f"cannot tell whether it was published: {PARTIAL_FOLDER}/ is not the folder it was made in"
    report.failed(f"{written.partial.final}: {why}", dead=1)


def _look_again(app: App, doubtful: list[Written], report: Report) -> list[Written]:
    """Finish what was given up where its folder is there again; returns what still cannot be told."""
    back = [written for written in doubtful if app.target.presence(written.partial) is not Presence.UNKNOWN]
    taken_up = [Written(message, written.partial) for written in back if (message := _taken_up(app, written))]
    return [*_finish(app, taken_up, report), *(written for written in doubtful if written not in back)]


def _taken_up(app: App, written: Written) -> Message | None:
    with app.db.write() as tx:
        return doubts.take_up(tx, written.message)


def _clear_strays(app: App, owner: str, kept: set[str]) -> None:
    """Discard finished files of ours whose mark was never committed: their messages are still to be delivered, under new names.

    Another project's may be its commit record, however old: it would take a file for published that was not.
    """
    for file in app.target.listing(PARTIAL_FOLDER):
        name = file.name.rpartition("/")[2]
        if name not in kept and is_unfinished_of(name, owner):
            app.target.discard(Partial(name, "", name))


# ── one batch ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _claim(app: App, how: Pass, started: datetime) -> list[Message]:
    with app.db.write() as tx:
        by_hand = started if how.by_hand else None
        return outbox.claim(tx, ERP, FILE_KINDS, app.now, BATCH, also_before=by_hand, after=Kind.ORDER_FILE)


def _export(app: App, claimed: list[Message], owner: str, report: Report) -> None:
    written: list[Written] = []
    try:
        for message in claimed:
            written += _write(app, message, owner, report)
    except (ErpUnreachable, HostKeyChanged, Misuse) as error:  # no fault of any one order: none of them pays an attempt
        _give_back(app, claimed, str(error))
        raise
    _mark_and_publish(app, written, report)


def _mark_and_publish(app: App, written: list[Written], report: Report) -> None:
    """Publish what is still to be: what is needless by now is laid aside in the transaction that marks the others."""
    with app.db.write() as tx:
        aside = needless.lay_aside(tx, [one.message for one in written], app.now)
        wanted = [one for one in written if one.message.id not in aside]
        marked = [one for one in wanted if outbox.mark_publishing(tx, one.message, one.partial.as_dict())]
    _publish(app, marked, report)
    for one in (one for one in written if one.message.id in aside):
        app.target.discard(one.partial)
        report.did(f"{one.partial.final} was not written: its order has ended", laid_aside=1)


def _write(app: App, message: Message, owner: str, report: Report) -> list[Written]:
    """Write one message's file beside the target; what is wrong with one order stays with it."""
    try:
        name, content = papers.rendered(app, message)
        return [Written(message, app.target.write_partial(name, content, owner))]
    except (ErpUnreachable, HostKeyChanged, Misuse):
        raise
    except ConnectorError as error:
        _failed(app, message, str(error), report)
    except Exception as error:
        log.exception("an order's file could not be written", extra={"kind": message.kind, "reference": message.reference})
        _failed(app, message, f"internal: {type(error).__name__}", report)
    return []


def _failed(app: App, message: Message, reason: str, report: Report) -> None:
    report.failed(f"{message.kind} {message.reference}: {reason}", failing=1)
    now = app.now
    with app.db.write() as tx:
        if message.attempt >= MAX_ATTEMPTS:
            outbox.bury(tx, message, reason, now)
        else:
            outbox.again(tx, message, next_attempt(now, message.attempt, 0), reason, now)


def _give_back(app: App, claimed: list[Message], reason: str) -> None:
    with app.db.write() as tx:
        for message in claimed:
            outbox.again(tx, message, app.now, reason, app.now, counts=False)


def _publish(app: App, marked: list[Written], report: Report) -> None:
    published: list[Written] = []
    try:
        for written in marked:
            fences.demand()
            try:
                app.target.publish(written.partial)
                published.append(written)
            except TargetOccupied as error:
                _occupied(app, written, error, report)
    finally:  # what was published is settled even where the next one could not be: the rest stays `publishing` for the next pass
        _settle(app, published, report)


def _settle(app: App, published: list[Written], report: Report) -> None:
    with app.db.write() as tx:
        for written in published:
            if outbox.delivered(tx, written.message, app.now, keep=True):
                _note(tx, app, written, written.partial.final)
    if published:
        _forget_errors(app, published)
        names = ", ".join(written.partial.final for written in published[:NAMED])
        more = f" and {len(published) - NAMED} more" if len(published) > NAMED else ""
        report.did(f"wrote {names}{more}")
        report.counts.update(written.message.kind.value for written in published)


def _occupied(app: App, written: Written, error: TargetOccupied, report: Report) -> None:
    """Leave a file that lies there alone: asked for again, it is there already; for the first time, somebody else's is in its place."""
    with app.db.write() as tx:
        if written.message.kind is Kind.ERRORS_FILE:  # an older file's errors, not taken yet: it is written again under another name
            outbox.again(tx, written.message, app.now, str(error), app.now, counts=False)
        else:
            _report_occupied(tx, app, written, error, report)
    app.target.discard(written.partial)


def _report_occupied(tx: Connection, app: App, written: Written, error: TargetOccupied, report: Report) -> None:
    if outbox.was_delivered(tx, written.message):
        _note(tx, app, written, f"{written.partial.final} lies there already; nothing was written")
        outbox.delivered(tx, written.message, app.now, keep=True)
    else:
        outbox.bury(tx, written.message, str(error), app.now)
    report.failed(str(error), dead=1)


def _forget_errors(app: App, published: list[Written]) -> None:
    for written in published:
        if written.message.kind is Kind.ERRORS_FILE:
            errors_back.forget(app, written.message.reference)


def _note(tx: Connection, app: App, written: Written, sentence: str) -> None:
    """Tell it in the order's story; a file of errors is no order's."""
    if written.message.kind is not Kind.ERRORS_FILE:
        order_story.event(tx, _order_of(written.message), app.now, papers.PAPERS[written.message.kind].name, sentence)


def _order_of(message: Message) -> str:
    order_id, _ = documents.referred(message.reference)
    return order_id
