"""Generations of sessions, names of keys that may be used again, and keys of wall screens."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    for table in ("users", "sessions"):
        op.add_column(table, sa.Column("generation", sa.Integer(), nullable=False, server_default=sa.text("0")))
    with op.batch_alter_table("api_keys") as keys:
        keys.drop_constraint("uq_api_keys_name", type_="unique")
        keys.add_column(sa.Column("view", sa.Text()))
    live = sa.text("revoked_at IS NULL")
    op.create_index("ix_api_keys_name", "api_keys", ["name"], unique=True, sqlite_where=live, postgresql_where=live)
