"""Alembic's door: it works on the connection that `catalog.schema` hands in, in that connection's transaction."""

from __future__ import annotations

from alembic import context

from catalog.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    # SQLite's DDL takes part in transactions when, as here, the driver does not begin and end them itself.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
