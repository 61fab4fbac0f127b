"""Run by Alembic, on the connection that `api.storage.database` gives it."""

from alembic import context

from api.storage.database import SCHEMA

config = context.config
connection = config.attributes["connection"]
context.configure(
    connection=connection, version_table=config.attributes["version_table"], version_table_schema=SCHEMA,
    transaction_per_migration=False,
)  # fmt: skip
with context.begin_transaction():
    context.run_migrations()
