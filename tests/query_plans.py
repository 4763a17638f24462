"""How a database goes about what some work asks of it."""

from sqlalchemy import event


def plans_of(app, work):
    """Return each statement that some work runs, with the steps of its plan."""
    asked = []

    def before(_connection, _cursor, statement, parameters, *_rest):
        asked.append((statement, parameters))

    event.listen(app.db.engine, "before_cursor_execute", before)
    try:
        work()
    finally:
        event.remove(app.db.engine, "before_cursor_execute", before)
    assert asked
    with app.db.read() as tx:
        return [
            (statement, [row[3] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)])
            for statement, parameters in asked
            if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH"))
        ]
