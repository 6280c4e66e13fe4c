"""Which calls were deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "deletions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("revision", sa.BigInteger(), nullable=False, index=True),
        sa.Column("ranges", sa.Text(), nullable=False),
    )
