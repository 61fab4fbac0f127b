"""Revisions of the database, by Alembic; `api.storage.database.upgrade` runs them when a server starts."""
