"""The tables of procrastinate, which hands out the jobs of a database to the servers that share it.

Made by procrastinate's own script, of version 3.10. A later version of it wants a revision here that runs those of its
migrations that came since, where they have not been run (procrastinate/sql/migrations).
"""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them beside our own."""
    op.get_bind().connection.cursor().execute(SchemaManager.get_schema())
