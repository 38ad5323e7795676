"""What Alembic runs. The caller gives the connection, inside the transaction that holds the whole upgrade."""

from alembic import context

from securevision.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
