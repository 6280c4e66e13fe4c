"""Scheduled reports, their ledger and their files."""

import sqlalchemy as sa
from alembic import op

from data.models import RowId

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    shared = ("query", "forms", "recipients", "channels")
    op.create_table(
        "report_schedules",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("period", sa.String(10), nullable=False),
        sa.Column("cron", sa.String(100), nullable=False),
        sa.Column("zone", sa.String(60), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in shared),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("next_at", sa.BigInteger()),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "report_runs",
        sa.Column("id", RowId, primary_key=True),
        sa.Column("schedule_id", RowId, sa.ForeignKey("report_schedules.id", ondelete="SET NULL")),
        sa.Column("slot", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("period", sa.String(10), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("zone", sa.String(60), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in shared),
        sa.Column("asked_by", sa.String(200), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("retry_at", sa.BigInteger()),
        sa.Column("started_at", sa.BigInteger()),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("delivered", "note", "error")),
        sa.UniqueConstraint("schedule_id", "slot"),
    )
    op.create_index("ix_report_runs_due_at", "report_runs", ["due_at"])
    op.create_table(
        "report_files",
        sa.Column("run_id", RowId, sa.ForeignKey("report_runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
