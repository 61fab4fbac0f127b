"""The tables of accounts. Only a database has them: a study file belongs to whoever may open it.

Times are UTC, ISO 8601 text. Nothing that would let somebody in stands here as it is: passwords, keys and sessions are
kept as hashes.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from api.storage.postgis_tables import studies

metadata = MetaData()

accounts = Table(
    "shequ_accounts", metadata,
    Column("name", String, primary_key=True),
    Column("folded", String, nullable=False, unique=True),
    Column("role", String),
    Column("password", String),
    Column("issuer", String), Column("subject", String),
    Column("active", Boolean, nullable=False),
    Column("created", String, nullable=False),
    Index("shequ_accounts_identity", "issuer", "subject", unique=True),
)  # fmt: skip
"""`role` holds in every study that grants none of its own. `folded` keeps apart what people would take for the same."""

grants = Table(
    "shequ_grants", metadata,
    Column("account", String, ForeignKey(accounts.c.name, ondelete="CASCADE"), nullable=False),
    Column("study", String, ForeignKey(studies.c.study, ondelete="CASCADE"), nullable=False),
    Column("role", String, nullable=False),
    Column("area_collection", String), Column("area_id", String),
    PrimaryKeyConstraint("account", "study"),
)  # fmt: skip
"""Who has which role in one study. A study that is deleted takes its grants along."""

keys = Table(
    "shequ_keys", metadata,
    Column("prefix", String, primary_key=True),
    Column("account", String, ForeignKey(accounts.c.name, ondelete="CASCADE"), nullable=False),
    Column("hash", String, nullable=False),
    Column("label", String, nullable=False),
    Column("study", String, ForeignKey(studies.c.study, ondelete="CASCADE")),
    Column("role", String),
    Column("created", String, nullable=False),
    Column("expires", String, nullable=False),
    Index("shequ_keys_account", "account"),
)  # fmt: skip
"""API keys. `study` and `role` narrow what the account may do; `hash` is SHA-256 of 256 random bits."""

sessions = Table(
    "shequ_sessions", metadata,
    Column("hash", String, primary_key=True),
    Column("account", String, ForeignKey(accounts.c.name, ondelete="CASCADE"), nullable=False),
    Column("created", String, nullable=False),
    Column("expires", String, nullable=False),
    Index("shequ_sessions_account", "account"),
)  # fmt: skip

audit = Table(
    "shequ_audit", metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=True),
    Column("at", String, nullable=False),
    Column("by", String, nullable=False),
    Column("action", String, nullable=False),
    Column("account", String, nullable=False),
    Column("study", String),
    Column("note", Text, nullable=False),
)  # fmt: skip
"""Append-only: what was done to accounts, roles and keys, and who signed in. It outlives what it tells of."""
