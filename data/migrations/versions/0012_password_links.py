"""Links by which a person sets a password."""

import sqlalchemy as sa
from alembic import op

from data.models import RowId

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "password_links",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("user_id", RowId, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
    )
