"""The call detail records, and what is kept beside them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from data.models.base import RowId, metadata

calls = Table(
    "calls",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("revision", BigInteger, nullable=False, index=True),
    Column("source", String(100), nullable=False),
    Column("call_id", String(200), nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("direction", String(10)),
    Column("agent", String(200)),
    Column("agent_version", String(100)),
    Column("queue", String(200)),
    Column("caller_hash", String(32)),
    Column("caller_last2", String(2)),
    Column("started_at", BigInteger, nullable=False, index=True),
    Column("queued_at", BigInteger),
    Column("answered_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("wait_seconds", Double),
    Column("duration_seconds", Double),
    Column("hold_seconds", Double),
    Column("after_call_seconds", Double),
    Column("status", String(12), nullable=False),
    Column("end_reason", String(200)),
    Column("end_reason_group", String(20)),
    Column("transferred", Boolean),
    Column("csat", Double),
    Column("sentiment", String(40)),
    Column("success_evaluation", String(200)),
    Column("currency", String(3)),
    Column("cost", Double),
    Column("cost_telephony", Double),
    Column("cost_stt", Double),
    Column("cost_llm", Double),
    Column("cost_tts", Double),
    Column("cost_platform", Double),
    Column("latency_ms", Double),
    Column("latency_stt_ms", Double),
    Column("latency_llm_ms", Double),
    Column("latency_tts_ms", Double),
    Column("latency_network_ms", Double),
    Column("turns", Integer),
    Column("user_interruptions", Integer),
    Column("agent_interruptions", Integer),
    Column("silence_seconds", Double),
    Column("language", String(35)),
    Column("tags", Text),
    Column("metadata", Text),
    Column("stamps", Text),
    Column("score", Integer),
    Column("review_tags", Text),
    UniqueConstraint("source", "call_id"),
)

#: The names as plain str: SQLAlchemy's own subclass of it is no key for a JSON object.
CALL_COLUMNS = tuple(str(column.name) for column in calls.columns)

#: What a reviewer says of a call (data/notes.py); no event touches it.
REVIEW = ("score", "review_tags")

#: Fields of an event that are kept beside the row: the kinds of `call_documents`.
DOCUMENTS = ("transcript", "trace", "payload")

#: Kept beside the call, not in it: large, seldom read, deleted sooner.
call_documents = Table(
    "call_documents",
    metadata,
    Column("call_row_id", RowId, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("updated_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)

#: What people wrote about a call.
call_notes = Table(
    "call_notes",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("call_row_id", RowId, ForeignKey("calls.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("owner", String(200)),
    Column("text", Text, nullable=False),
)

#: One row a counter; "revision" is raised in the transaction that changes calls (SQLite only).
counters = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

#: Calls that were deleted, so that every analytic copy drops them too: the ids of their rows as a JSON list of
#: [first, last], and the revision of the deletion.
deletions = Table(
    "deletions",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("revision", BigInteger, nullable=False, index=True),
    Column("ranges", Text, nullable=False),
)
