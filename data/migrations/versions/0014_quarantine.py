"""What could not be read of platforms' messages, and the signatures that were used."""

import sqlalchemy as sa
from alembic import op

from data.models import RowId

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "quarantine",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False, index=True),
        sa.Column("platform", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("content_type", sa.String(100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "used_signatures",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False, index=True),
    )
