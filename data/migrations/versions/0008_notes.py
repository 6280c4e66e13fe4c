"""Notes, scores and tags of reviewers."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("calls", sa.Column("score", sa.Integer()))
    op.add_column("calls", sa.Column("review_tags", sa.Text()))
    op.create_table(
        "call_notes",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("call_row_id", ROW_ID, sa.ForeignKey("calls.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(200)),
        sa.Column("text", sa.Text(), nullable=False),
    )
