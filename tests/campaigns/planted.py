"""Runs a module of ours, or gunicorn, with a bug planted in it: `planted.py BUG LOG MODULE ARGUMENTS…`, once for each line of its input.

A campaign that does not find these would not find them in anybody's next change either. Everything is imported before the first line
comes, and nothing opened: what is killed a thousand times need not be imported a thousand times. Answers with the process id of the
child, which leads a group of its own, and with how it ended: its exit status, or the negative number of the signal.
"""

import itertools
import logging
import os
import runpy
import sys
import time
from pathlib import Path


def direct_write():
    """The order file is written where the ERP looks, without a temporary file."""
    from connector.erp.local import LocalStore

    def publish(self, partial):
        waiting = self.root / ".partial" / partial.name
        final = self.root / partial.final
        if not waiting.exists():
            return
        final.parent.mkdir(exist_ok=True)
        content = waiting.read_bytes()
        with final.open("wb", buffering=0) as file:
            for at in range(0, len(content), 200):
                file.write(content[at : at + 200])
                os.fsync(file.fileno())
        waiting.unlink()

    LocalStore.publish = publish


def marked_first():
    """The message is settled before its file is published."""
    from connector.delivery import erp

    def publish(app, marked, report):
        erp._settle(app, list(marked), report)
        for written in marked:
            app.target.publish(written.partial)

    erp._publish = publish


def new_name():
    """What was being published is written again under another name, instead of looking whether its temporary file is gone."""
    from connector.delivery import erp

    def finish(app, interrupted, _report):
        erp._give_back(app, [written.message for written in interrupted], "written again")
        return []

    erp._finish = finish


def linked():
    """A link makes the file appear and the temporary file stays a while: its presence tells nothing."""
    from connector.erp.local import LocalStore

    def publish(self, partial):
        waiting, final = self.root / ".partial" / partial.name, self.root / partial.final
        final.parent.mkdir(exist_ok=True)
        if waiting.exists():
            os.link(waiting, final)
            os.sync()
            waiting.unlink()

    LocalStore.publish = publish


def no_key():
    """The same order sent again is another order."""
    from dataclasses import replace

    from connector.usecases import placing

    add, stored = placing.store.add, placing.store.stored
    counted = itertools.count()

    def added(tx, new, order_id, **how):
        add(tx, replace(new, marketplace_order_id=f"{new.marketplace_order_id}~{os.getpid()}~{next(counted)}"), order_id, **how)

    placing.store.add = added
    placing.store.stored = lambda tx, account, _numbers: stored(tx, account, [])


def answer_first():
    """The answer goes out before the order is stored: storing follows in a thread."""
    import threading

    from connector.usecases import orders as usecase

    place = usecase.place

    def early(app, orders):
        worker = threading.Timer(0.2, place, (app, orders))
        worker.daemon = True
        worker.start()
        return [b'{"orderId": "early"}' for _ in orders]

    usecase.place = early


def no_lock():
    """Everybody has every turn at once."""
    from contextlib import contextmanager
    from threading import Event

    from connector.usecases import turns

    @contextmanager
    def turn(_app, _name, **_how):
        yield Event()

    turns.turn = turn


def deferred():
    """A writing transaction begins as a reading one."""
    from connector.storage import patient

    def begun(driver, _deadline):
        driver.execute("BEGIN")
        return True

    patient._has_begun = begun


def normal_sync():
    """A commit is not synced: a power cut loses it."""
    _listen("connect", lambda connection, _record: connection.execute("PRAGMA synchronous=NORMAL"))


def taken_away():
    """A file leaves the source as soon as it is copied, before what it says is stored."""
    from connector.erp import intake

    take = intake.take

    def taken(store, file, work):
        found = take(store, file, work)
        store.remove(file)
        return found

    intake.take = taken


def told_first():
    """A changed price is forgotten when it is taken in hand, before the marketplace was called."""
    from connector.delivery.relay import Relay
    from connector.domain.messages import Kind
    from connector.storage import batches

    claim = Relay._settle_and_claim

    def claimed(self, *given):
        messages = claim(self, *given)
        with self.app.db.write() as tx:
            batches.gone(tx, [message for message in messages if message.kind == Kind.PRICE], self.app.now)
        time.sleep(0.3)  # a marketplace far away
        return messages

    Relay._settle_and_claim = claimed


def _listen(event_name, listener, **how):
    """Have every engine of SQLite's call the listener, after our own."""
    from sqlalchemy import event

    from connector.storage import engines

    made = engines.sqlite

    def sqlite(url, wait_seconds):
        engine = made(url, wait_seconds)
        event.listen(engine, event_name, listener, **how)
        return engine

    engines.sqlite = sqlite


KILLED = (direct_write, marked_first, new_name, linked, no_key, answer_first, no_lock, deferred)
TRADED = (taken_away, told_first)
"""Found where more than orders is traded."""
BUGS = {bug.__name__.replace("_", "-"): bug for bug in (*KILLED, *TRADED, normal_sync)}


def child(log, module, arguments):
    os.setsid()
    sys.stdin.close()
    kept = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(kept, 1)
    os.dup2(kept, 2)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def started(log, module, arguments):
    """Fork the child; returns its process id."""
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        child(log, module, arguments)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(bool(end.code))
    except Exception:
        logging.getLogger("planted").exception("it ended badly")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main():
    bug, log, module, *arguments = sys.argv[1:]
    sys.path[:1] = map(str, [Path(__file__).parents[2], Path(__file__).parents[1]])
    from loaded import load

    if bug != "none":
        BUGS[bug]()
    load("connector.web.worker", "gunicorn.app.wsgiapp")
    for _ in sys.stdin:
        pid = started(log, module, arguments)
        answer(pid)
        answer(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def answer(number):
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
