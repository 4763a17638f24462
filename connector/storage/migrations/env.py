"""Alembic's entry: the connection comes from `database.migrate`."""

from alembic import context

from connector.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True, render_as_batch=True
)
context.run_migrations()
