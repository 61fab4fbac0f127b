"""The log, versions, documents, files, jobs and holds of all studies; who writes a study's tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEY = sa.String(collation="C")
"""Ids are ordered by code point, whatever the language of the database."""

_GUARD = """
CREATE FUNCTION shequ_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('shequ.writing', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION 'table % is kept by shequ together with its history', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege',
                HINT = 'Edit it through the API (OGC API Features, which QGIS opens too); read it as you like.';
    END IF;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "shequ_studies",
        sa.Column("study", _KEY, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("crs", sa.Text, nullable=False),
        sa.Column("srid", sa.Integer, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("repairs", sa.Text, nullable=False),
        sa.Column("created", sa.String, nullable=False),
    )
    op.create_table(
        "shequ_rasters",
        sa.Column("study", _KEY, nullable=False),
        sa.Column("name", _KEY, nullable=False),
        sa.Column("crs", sa.Text, nullable=False),
        sa.Column("transform", sa.Text, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("columns", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("study", "name"),
    )
    op.create_table(
        "shequ_transactions",
        sa.Column("study", _KEY, nullable=False),
        sa.Column("tx", sa.BigInteger, nullable=False),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("note", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("undoes", sa.BigInteger),
        sa.Column("counts", sa.Text, nullable=False, server_default=sa.text("'{}'")),
        sa.PrimaryKeyConstraint("study", "tx"),
    )
    op.create_table(
        "shequ_versions",
        sa.Column("study", _KEY, nullable=False),
        sa.Column("collection", _KEY, nullable=False),
        sa.Column("id", _KEY, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("tx", sa.BigInteger, nullable=False),
        sa.Column("op", sa.String, nullable=False),
        sa.Column("properties", sa.Text),
        sa.Column("geometry", sa.LargeBinary),
        *(sa.Column(name, sa.Float) for name in ("minx", "miny", "maxx", "maxy")),
        sa.PrimaryKeyConstraint("study", "collection", "id", "version"),
    )
    op.create_index("shequ_versions_tx", "shequ_versions", ["study", "tx"])
    op.create_table(
        "shequ_collections",
        sa.Column("study", _KEY, nullable=False),
        sa.Column("id", _KEY, nullable=False),
        sa.Column("first_tx", sa.BigInteger, nullable=False),
        sa.Column("gone_tx", sa.BigInteger),
        sa.Column("definition", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("study", "id", "first_tx"),
    )
    op.create_table(
        "shequ_documents",
        sa.Column("study", _KEY, nullable=False),
        sa.Column("kind", _KEY, nullable=False),
        sa.Column("id", _KEY, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("tx", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text),
        sa.PrimaryKeyConstraint("study", "kind", "id", "version"),
    )
    op.create_table(
        "shequ_files",
        sa.Column("study", _KEY, nullable=False),
        sa.Column("key", _KEY, nullable=False),
        sa.Column("media_type", sa.String, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("study", "key"),
    )
    op.create_table(
        "shequ_jobs",
        sa.Column("study", _KEY, nullable=False),
        sa.Column("id", _KEY, nullable=False),
        sa.Column("process", sa.String, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("inputs", sa.Text, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("message", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("progress", sa.Float, nullable=False, server_default=sa.text("0")),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("started", sa.String),
        sa.Column("finished", sa.String),
        sa.Column("updated", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("worker", sa.String),
        sa.Column("lease_until", sa.Float),
        sa.Column("cancel", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("outcome", sa.Text),
        sa.PrimaryKeyConstraint("study", "id"),
    )
    op.create_index("shequ_jobs_waiting", "shequ_jobs", ["status", "lease_until"])
    op.create_table(
        "shequ_job_log",
        sa.Column("study", _KEY, nullable=False),
        sa.Column("job", _KEY, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("progress", sa.Float),
        sa.PrimaryKeyConstraint("study", "job", "number"),
    )
    op.create_table(
        "shequ_holds",
        sa.Column("study", _KEY, nullable=False),
        sa.Column("collection", _KEY, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("until", sa.Float, nullable=False),
        sa.Column("since_tx", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("study", "collection"),
    )
    op.execute(_GUARD)
