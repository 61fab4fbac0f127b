"""The tables beside a study's own: log, versions, documents, files, jobs, accounts. The same in both kinds of storage.

`study` is the key of the study within its database; a study file holds one study, under the key `SOLE`. Times are UTC,
ISO 8601 text.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

SOLE = "main"
"""Key of the one study in a study file."""

metadata = MetaData()

transactions = Table(
    "shequ_transactions", metadata,
    Column("study", String, nullable=False),
    Column("tx", BigInteger, nullable=False),
    Column("at", String, nullable=False),
    Column("by", String, nullable=False),
    Column("action", String, nullable=False),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("undoes", BigInteger),
    Column("counts", Text, nullable=False, server_default=text("'{}'")),
    PrimaryKeyConstraint("study", "tx"),
)  # fmt: skip

versions = Table(
    "shequ_versions", metadata,
    Column("study", String, nullable=False),
    Column("collection", String, nullable=False),
    Column("id", String, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("tx", BigInteger, nullable=False),
    Column("op", String, nullable=False),
    Column("properties", Text),
    Column("geometry", LargeBinary),
    Column("minx", Float), Column("miny", Float), Column("maxx", Float), Column("maxy", Float),
    PrimaryKeyConstraint("study", "collection", "id", "version"),
    Index("shequ_versions_tx", "study", "tx"),
)  # fmt: skip
"""Append-only. A feature that was never changed since its collection was put there has no row: it stands at version 1
of the collection's first transaction. The first change of it writes two rows: what was there, and what came. The box
of a row holds the shape before and after."""

collections = Table(
    "shequ_collections", metadata,
    Column("study", String, nullable=False),
    Column("id", String, nullable=False),
    Column("first_tx", BigInteger, nullable=False),
    Column("gone_tx", BigInteger),
    Column("definition", Text, nullable=False),
    PrimaryKeyConstraint("study", "id", "first_tx"),
)  # fmt: skip
"""`definition` is JSON: `now` as it is, `earlier` as it was, each with the transaction that ended it."""

documents = Table(
    "shequ_documents", metadata,
    Column("study", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("id", String, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("tx", BigInteger, nullable=False),
    Column("body", Text),
    PrimaryKeyConstraint("study", "kind", "id", "version"),
)  # fmt: skip
"""Append-only; the highest version counts, an empty body is a deleted document."""

files = Table(
    "shequ_files", metadata,
    Column("study", String, nullable=False),
    Column("key", String, nullable=False),
    Column("media_type", String, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("study", "key"),
)  # fmt: skip

jobs = Table(
    "shequ_jobs", metadata,
    Column("study", String, nullable=False),
    Column("id", String, nullable=False),
    Column("process", String, nullable=False),
    Column("by", String, nullable=False),
    Column("inputs", Text, nullable=False),
    Column("status", String, nullable=False),
    Column("message", Text, nullable=False, server_default=text("''")),
    Column("progress", Float, nullable=False, server_default=text("0")),
    Column("created", String, nullable=False),
    Column("started", String), Column("finished", String), Column("updated", String, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("worker", String), Column("lease_until", Float),
    Column("cancel", Integer, nullable=False, server_default=text("0")),
    Column("outcome", Text),
    PrimaryKeyConstraint("study", "id"),
    Index("shequ_jobs_waiting", "status", "lease_until"),
)  # fmt: skip
"""`status` as in OGC API Processes: accepted, running, successful, failed, dismissed. `lease_until` is a Unix time: a
running job whose lease has passed has lost its worker. `outcome` is what it gave, or the problem document."""

job_log = Table(
    "shequ_job_log", metadata,
    Column("study", String, nullable=False),
    Column("job", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("progress", Float),
    PrimaryKeyConstraint("study", "job", "number"),
)  # fmt: skip

holds = Table(
    "shequ_holds", metadata,
    Column("study", String, nullable=False),
    Column("collection", String, nullable=False),
    Column("by", String, nullable=False),
    Column("until", Float, nullable=False),
    Column("since_tx", BigInteger, nullable=False),
    PrimaryKeyConstraint("study", "collection"),
)  # fmt: skip
"""Check-outs: until then only `by` may edit the collection, and may do so without naming versions."""
