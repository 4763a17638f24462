"""Many rows into one table, as fast as each database takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.types import TypeEngine

from connector.storage.tables import Instant

Values = Sequence[Sequence[Any]]


def bulk_insert(connection: Connection, table: Table, names: Sequence[str], columns: Values) -> None:
    """Insert rows given in columns, in the order of `names`: SQLite by one prepared statement, PostgreSQL by COPY."""
    rows = list(zip(*_converted(connection, table, names, columns), strict=True))
    if not rows:
        return
    quoted = ", ".join(connection.dialect.identifier_preparer.quote(name) for name in names)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({quoted}) VALUES ({marks})", rows)  # noqa: S608  # names are our own tables'
    else:
        _copy(connection, f"COPY {table.name} ({quoted}) FROM STDIN", rows)


def _copy(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    cursor: Any = connection.connection.cursor()
    with cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _converted(connection: Connection, table: Table, names: Sequence[str], columns: Values) -> Values:
    """Bind instants as the table's type does; every other value goes to the driver as it is."""
    return [_bound(connection, table.c[name].type, column) for name, column in zip(names, columns, strict=True)]


def _bound(connection: Connection, kind: TypeEngine[Any], column: Sequence[Any]) -> Sequence[Any]:
    bind = kind.dialect_impl(connection.dialect).bind_processor(connection.dialect) if isinstance(kind, Instant) else None
    return column if bind is None else [None if value is None else bind(value) for value in column]
