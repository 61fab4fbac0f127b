"""Accounts: who may come in, by password, key or OpenID Connect; roles; sessions; what was done to them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEY = sa.String(collation="C")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "shequ_accounts",
        sa.Column("name", _KEY, primary_key=True),
        sa.Column("folded", _KEY, nullable=False, unique=True),
        sa.Column("role", sa.String),
        sa.Column("password", sa.String),
        sa.Column("issuer", _KEY),
        sa.Column("subject", _KEY),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("created", sa.String, nullable=False),
    )
    op.create_index("shequ_accounts_identity", "shequ_accounts", ["issuer", "subject"], unique=True)
    op.create_table(
        "shequ_grants",
        sa.Column("account", _KEY, _belongs_to("shequ_accounts.name"), nullable=False),
        sa.Column("study", _KEY, _belongs_to("shequ_studies.study"), nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("area_collection", sa.String),
        sa.Column("area_id", sa.String),
        sa.PrimaryKeyConstraint("account", "study"),
    )
    op.create_table(
        "shequ_keys",
        sa.Column("prefix", _KEY, primary_key=True),
        sa.Column("account", _KEY, _belongs_to("shequ_accounts.name"), nullable=False),
        sa.Column("hash", sa.String, nullable=False),
        sa.Column("label", sa.String, nullable=False),
        sa.Column("study", _KEY, _belongs_to("shequ_studies.study")),
        sa.Column("role", sa.String),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("expires", sa.String, nullable=False),
    )
    op.create_index("shequ_keys_account", "shequ_keys", ["account"])
    op.create_table(
        "shequ_sessions",
        sa.Column("hash", _KEY, primary_key=True),
        sa.Column("account", _KEY, _belongs_to("shequ_accounts.name"), nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("expires", sa.String, nullable=False),
    )
    op.create_index("shequ_sessions_account", "shequ_sessions", ["account"])
    op.create_table(
        "shequ_audit",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("study", sa.String),
        sa.Column("note", sa.Text, nullable=False),
    )


def _belongs_to(column: str) -> sa.ForeignKey:
    return sa.ForeignKey(column, ondelete="CASCADE")
