"""Many rows into one table, as fast as each database takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Table

from connector.storage.tables import Instant

Row = tuple[Any, ...]


def bulk_insert(connection: Connection, table: Table, columns: Sequence[str], rows: list[Row]) -> None:
    """Insert rows given as tuples in the order of `columns`: SQLite by one prepared statement, PostgreSQL by COPY."""
    if not rows:
        return
    rows = _converted(connection, table, columns, rows)
    quoted = ", ".join(connection.dialect.identifier_preparer.quote(name) for name in columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({quoted}) VALUES ({marks})", rows)  # noqa: S608  # names are our own tables'
    else:
        _copy(connection, f"COPY {table.name} ({quoted}) FROM STDIN", rows)


def _copy(connection: Connection, statement: str, rows: list[Row]) -> None:
    cursor: Any = connection.connection.cursor()
    with cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _converted(connection: Connection, table: Table, columns: Sequence[str], rows: list[Row]) -> list[Row]:
    """Bind instants as the table's type does; every other value goes to the driver as it is."""
    for position, name in enumerate(columns):
        if isinstance(table.c[name].type, Instant):
            bind = table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
            if bind is not None:
                rows = [_bound(row, position, bind) for row in rows]
    return rows


def _bound(row: Row, position: int, bind: Callable[[Any], Any]) -> Row:
    return row if row[position] is None else (*row[:position], bind(row[position]), *row[position + 1 :])
