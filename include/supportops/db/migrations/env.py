"""Alembic's entry: runs the migrations on the connection that `upgrade` hands over."""

from alembic import context

from supportops.db.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
context.run_migrations()
