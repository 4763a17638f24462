"""Work that is done again where PostgreSQL ended its transaction: two waited for each other, and one of them had to go.

Messages are put in one order within a statement, but a transaction puts several times. SQLite's writers wait for one lock.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import OperationalError

from connector.errors import Deadlocked

TIMES = 3
DEADLOCKS = ("40P01", "40001")
"""SQLSTATE of a deadlock, and of a transaction that cannot be fitted in with others."""
Given = ParamSpec("Given")
Result = TypeVar("Result")


def is_deadlock(error: BaseException | None) -> bool:
    """Tell whether the driver's error says that a transaction was ended for another one."""
    return getattr(error, "sqlstate", None) in DEADLOCKS


def when_deadlocked(work: Callable[Given, Result]) -> Callable[Given, Result]:
    """Have a function done again where it was ended for another transaction, three times in all; all it changes is rolled back then."""

    @wraps(work)
    def done(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        for _ in range(TIMES - 1):
            try:
                return work(*args, **kwargs)
            except Deadlocked:
                continue
            except OperationalError as error:  # on a connection that was lent: it is translated where that is given back
                if not is_deadlock(error.orig):
                    raise
        return work(*args, **kwargs)

    return done
