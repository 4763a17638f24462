"""Statements run below SQLAlchemy's own preparing of them, for the one path where that costs more than the answer itself."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from threading import Semaphore
from typing import Any, NamedTuple, TypeVar

import orjson
from sqlalchemy import Connection, Dialect, Engine, Executable
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

Row = Sequence[Any]
Done = TypeVar("Done")
Ask = Callable[[str, Any], list[Row]]
"""A statement in the driver's own SQL, and its parameters, answered with all rows."""

CACHE_KB = 768
"""Of each connection for glances: enough for the trees' upper pages, all that is met again."""
MOST_GLANCES = 4
"""At once in one process. Sixteen threads that search at once only push one another off the processor, and fill as many caches."""


def rows(tx: Connection, sql: str, parameters: Any = ()) -> list[Row]:
    """Return all rows of a statement in the driver's own SQL and values; its errors come as SQLAlchemy's, as from any other statement."""
    return _on_cursor(tx, sql, lambda cursor: _all(cursor, sql, parameters))


def _all(cursor: Any, sql: str, parameters: Any) -> list[Row]:
    cursor.execute(sql, parameters)
    return list(cursor.fetchall())


def _execute(tx: Connection, sql: str, many: Sequence[Any]) -> None:
    if len(many) == 1:
        _on_cursor(tx, sql, lambda cursor: cursor.execute(sql, many[0]))
    else:
        _on_cursor(tx, sql, lambda cursor: cursor.executemany(sql, many))


def _on_cursor(tx: Connection, sql: str, do: Callable[[Any], Done]) -> Done:
    if not tx.in_transaction():
        tx.begin()
    driver = tx.dialect.loaded_dbapi
    try:
        cursor = tx.connection.cursor()
        try:
            return do(cursor)
        finally:
            cursor.close()
    except driver.Error as error:
        raise DBAPIError.instance(sql, None, error, driver.Error) from error


class Prepared:
    """A statement built once for each dialect, then run with values alone: to build one takes SQLAlchemy longer than a database to run it.

    `build` is given a connection of the dialect; its parameters are the names that `bindparam` gave, or `columns` of an insertion.
    """

    def __init__(self, build: Callable[[Connection], Executable], columns: Collection[str] | None = None) -> None:
        self._build, self._columns = build, columns
        self._built: dict[str, _Built] = {}

    def run(self, tx: Connection, *values: Mapping[str, Any]) -> None:
        """Run it once for each mapping of values."""
        if values:
            built = self._of(tx)
            _execute(tx, built.sql, [built.written(one) for one in values])

    def rows(self, tx: Connection, **values: Any) -> list[Row]:
        """Return all rows, their values as the driver has them."""
        built = self._of(tx)
        return rows(tx, built.sql, built.written(values))

    def _of(self, tx: Connection) -> _Built:
        return self._built.get(tx.dialect.name) or self._built.setdefault(tx.dialect.name, _built(tx, self._build(tx), self._columns))


class _Built(NamedTuple):
    """A statement in the driver's SQL; `given`: values that it brings along, `writers`: how values of some parameters are written."""

    sql: str
    given: dict[str, Any]
    writers: dict[str, Callable[[Any], Any]]

    def written(self, values: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {**self.given, **values}
        for name, write in self.writers.items():
            found[name] = write(found[name])
        return found


def _built(tx: Connection, statement: Executable, columns: Collection[str] | None) -> _Built:
    dialect = compiling(tx.dialect.name)
    compiled: Any = statement.compile(dialect=dialect, column_keys=columns)  # type: ignore[attr-defined]  # Executable's own subclasses have it
    types = {name: parameter.type.dialect_impl(dialect) for parameter, name in compiled.bind_names.items()}
    writers = {name: write for name, found in types.items() if (write := found.bind_processor(dialect)) is not None}
    return _Built(str(compiled), dict(compiled.params), writers)


def compiling(name: str) -> Dialect:
    """Return a dialect whose statements take their parameters by name."""
    if name == "sqlite":
        return sqlite.dialect(paramstyle="named", json_serializer=_json)
    from sqlalchemy.dialects.postgresql import psycopg  # not for those who run on SQLite

    return psycopg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy left it without types


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


class Glances:
    """SQLite connections that each answer one reading statement at a time, `MOST_GLANCES` of them; more threads wait.

    A statement alone is a consistent view: no transaction is opened around it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.idle: deque[sqlite3.Connection] = deque()
        self._room = Semaphore(MOST_GLANCES)

    def ask(self, sql: str, parameters: Any) -> list[Row]:
        """Return all rows. Raises as `rows`."""
        with self._room:
            connection = self._taken()
            try:
                found = connection.execute(sql, parameters).fetchall()
            except sqlite3.Error as error:
                connection.close()
                raise DBAPIError.instance(sql, None, error, sqlite3.Error) from error
            self.idle.append(connection)
            return found

    def _taken(self) -> sqlite3.Connection:
        try:
            return self.idle.pop()
        except IndexError:
            return self._opened()

    def _opened(self) -> sqlite3.Connection:
        lent = self._engine.raw_connection()
        connection: Any = lent.dbapi_connection
        lent.detach()
        connection.execute(f"PRAGMA cache_size=-{CACHE_KB}")
        return connection  # type: ignore[no-any-return]  # SQLAlchemy does not know which driver's it is

    def close(self) -> None:
        while self.idle:
            self.idle.pop().close()
