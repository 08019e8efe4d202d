"""Alembic's entry: runs the revisions on the connection it is given, inside the caller's transaction."""

from alembic import context

from tidings.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
)
with context.begin_transaction():
    context.run_migrations()
