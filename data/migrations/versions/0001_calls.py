"""The calls, what is kept beside them, and the counters."""

import sqlalchemy as sa
from alembic import op

from data.migrations import new_identity

revision = "0001"
down_revision = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("call_id", sa.String(200), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("direction", sa.String(10)),
        sa.Column("agent", sa.String(200)),
        sa.Column("agent_version", sa.String(100)),
        sa.Column("queue", sa.String(200)),
        sa.Column("caller_hash", sa.String(32)),
        sa.Column("caller_last2", sa.String(2)),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("queued_at", sa.BigInteger()),
        sa.Column("answered_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("wait_seconds", sa.Double()),
        sa.Column("duration_seconds", sa.Double()),
        sa.Column("hold_seconds", sa.Double()),
        sa.Column("after_call_seconds", sa.Double()),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("end_reason", sa.String(200)),
        sa.Column("end_reason_group", sa.String(20)),
        sa.Column("transferred", sa.Boolean()),
        sa.Column("csat", sa.Double()),
        sa.Column("sentiment", sa.String(40)),
        sa.Column("success_evaluation", sa.String(200)),
        sa.Column("currency", sa.String(3)),
        sa.Column("cost", sa.Double()),
        sa.Column("cost_telephony", sa.Double()),
        sa.Column("cost_stt", sa.Double()),
        sa.Column("cost_llm", sa.Double()),
        sa.Column("cost_tts", sa.Double()),
        sa.Column("cost_platform", sa.Double()),
        sa.Column("latency_ms", sa.Double()),
        sa.Column("latency_stt_ms", sa.Double()),
        sa.Column("latency_llm_ms", sa.Double()),
        sa.Column("latency_tts_ms", sa.Double()),
        sa.Column("latency_network_ms", sa.Double()),
        sa.Column("turns", sa.Integer()),
        sa.Column("user_interruptions", sa.Integer()),
        sa.Column("agent_interruptions", sa.Integer()),
        sa.Column("silence_seconds", sa.Double()),
        sa.Column("language", sa.String(35)),
        sa.Column("tags", sa.Text()),
        sa.Column("metadata", sa.Text()),
        sa.Column("stamps", sa.Text()),
        sa.UniqueConstraint("source", "call_id", name="uq_calls_source"),
    )
    op.create_table(
        "call_documents",
        sa.Column("call_row_id", ROW_ID, sa.ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_calls_revision", "calls", ["revision"])
    op.create_index("ix_calls_started_at", "calls", ["started_at"])
    rows = sa.table("counters", sa.column("name", sa.String()), sa.column("value", sa.BigInteger()))
    op.bulk_insert(rows, [{"name": "revision", "value": 1}, {"name": "identity", "value": new_identity()}])
