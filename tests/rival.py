"""A transaction that waits for ours while ours waits for it: PostgreSQL has to end one of them, and it is ours."""

import threading
from contextlib import contextmanager

from servers import wait_for
from sqlalchemy import text


def somebody_waits(tx):
    """Tell whether any transaction of the server waits for another."""
    return tx.execute(text("SELECT 1 FROM pg_locks WHERE NOT granted")).first() is not None


@contextmanager
def rival(db, first, then):
    """Do `first` in a transaction beside the block, and `then` once the block waits for what that locked; both are given the transaction.

    Where `then` wants what the block has locked, the block's transaction is ended; what it waits for is committed then.
    """
    holds_one, ended = threading.Event(), []

    def beside():
        with db.write() as tx:
            first(tx)
            tx.execute(text("SET LOCAL deadlock_timeout = '30s'"))  # it is the other one that is ended
            holds_one.set()
            with db.read() as looking:
                wait_for(lambda: somebody_waits(looking), "the block, which waits", 20)
            then(tx)
        ended.append("rival")

    thread = threading.Thread(target=beside)
    thread.start()
    assert holds_one.wait(20)
    yield
    thread.join(20)
    assert ended == ["rival"]
