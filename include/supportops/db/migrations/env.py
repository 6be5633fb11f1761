"""Alembic's entry: runs the migrations on the connection that `upgrade` hands over.

Online each migration is a transaction of its own; otherwise all are part of the caller's.
"""

from alembic import context

from supportops.db.schema import metadata

attributes = context.config.attributes
connection = attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    transaction_per_migration=attributes["online"],
)
with context.begin_transaction():
    context.run_migrations()
