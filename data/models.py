"""The tables and closed word lists of a call detail record (a leaf: it imports nothing of ours).

Times are UTC microseconds since 1970 in BIGINT columns, in the record and in the analytic copy alike, so that one
Core query means the same on every engine. Durations are seconds, latencies milliseconds, money is in `currency`.
Unknown is NULL, never 0.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypedDict

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)


class Status(StrEnum):
    """How a call stands or ended."""

    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    ERROR = "error"
    ABANDONED = "abandoned"
    MISSED = "missed"
    VOICEMAIL = "voicemail"
    INVALID = "invalid"


#: The statuses of calls that count in figures: ended and neither test nor phantom.
COUNTED = (Status.SUCCESS, Status.ERROR, Status.ABANDONED, Status.MISSED, Status.VOICEMAIL)


class Direction(StrEnum):
    """Who started the call, and over what."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    WEB = "web"


class EndReasonGroup(StrEnum):
    """What ended a call, across platforms."""

    CUSTOMER = "customer"
    AGENT = "agent"
    TRANSFER = "transfer"
    VOICEMAIL = "voicemail"
    NO_INPUT = "no_input"
    TELEPHONY = "telephony"
    PLATFORM_ERROR = "platform_error"
    LIMIT = "limit"
    UNKNOWN = "unknown"


class CallEvent(TypedDict, total=False):
    """What one message said about a call: only the fields it carried, validated, times in UTC microseconds.

    `source`, `call_id` and `updated_at` are always there. Events of one call merge into one row (data/merge.py).
    """

    source: str
    call_id: str
    updated_at: int
    direction: str
    agent: str
    agent_version: str
    queue: str
    caller_hash: str
    caller_last2: str
    started_at: int
    queued_at: int
    answered_at: int
    ended_at: int
    wait_seconds: float
    duration_seconds: float
    hold_seconds: float
    after_call_seconds: float
    status: str
    end_reason: str
    end_reason_group: str
    transferred: bool
    csat: float
    sentiment: str
    success_evaluation: str
    currency: str
    cost: float
    cost_telephony: float
    cost_stt: float
    cost_llm: float
    cost_tts: float
    cost_platform: float
    latency_ms: float
    latency_stt_ms: float
    latency_llm_ms: float
    latency_tts_ms: float
    latency_network_ms: float
    turns: int
    user_interruptions: int
    agent_interruptions: int
    silence_seconds: float
    language: str
    tags: list[str]
    metadata: dict[str, Any]
    transcript: str
    #: JSON: a list of stages (data/sources/trace.py).
    trace: str


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: SQLite gives only INTEGER primary keys a row number of their own.
_RowId = BigInteger().with_variant(Integer, "sqlite")

calls = Table(
    "calls",
    metadata,
    Column("id", _RowId, primary_key=True),
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
    UniqueConstraint("source", "call_id"),
)

#: The names as plain str: SQLAlchemy's own subclass of it is no key for a JSON object.
CALL_COLUMNS = tuple(str(column.name) for column in calls.columns)

#: Fields of an event that are kept beside the row: the kinds of `call_documents`.
DOCUMENTS = ("transcript", "trace")

#: Kept beside the call, not in it: large, seldom read, deleted sooner.
call_documents = Table(
    "call_documents",
    metadata,
    Column("call_row_id", _RowId, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("updated_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)

#: Spans that came by OTLP, each stored once. `source` and `call_id` are as the sender named them; `waiting` is set
#: until it is known that there is such a call.
spans = Table(
    "spans",
    metadata,
    Column("trace_id", String(32), primary_key=True),
    Column("span_id", String(16), primary_key=True),
    Column("parent_id", String(16)),
    Column("source", String(100)),
    Column("call_id", String(200), index=True),
    Column("waiting", Boolean, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("stage", String(10), nullable=False),
    Column("name", String(200), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("duration_ms", Double, nullable=False),
    Column("status", String(5)),
    Column("detail", Text),
    Column("attributes", Text),
    Index("ix_spans_waiting", "waiting", "received_at"),
)

#: Which version of which service went live when.
deployments = Table(
    "deployments",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("service", String(100), nullable=False),
    Column("environment", String(100), nullable=False),
    Column("version", String(100), nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
    Column("note", Text, nullable=False),
    UniqueConstraint("service", "environment", "version", "at"),
)

#: Alerts that are pending or firing, and for a while those that are resolved; instants in milliseconds.
alerts = Table(
    "alerts",
    metadata,
    Column("rule_group", String(200), primary_key=True),
    Column("rule", String(200), primary_key=True),
    Column("fingerprint", String(16), primary_key=True),
    Column("labels", Text, nullable=False),
    Column("annotations", Text, nullable=False),
    Column("value", Double, nullable=False),
    Column("state", String(10), nullable=False),
    Column("active_at", BigInteger, nullable=False),
    Column("fired_at", BigInteger),
    Column("resolved_at", BigInteger),
    Column("keep_firing_since", BigInteger),
)

#: Every change of an alert's state, in order; `at` in milliseconds.
alert_transitions = Table(
    "alert_transitions",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("rule_group", String(200), nullable=False),
    Column("rule", String(200), nullable=False),
    Column("fingerprint", String(16), nullable=False, index=True),
    Column("labels", Text, nullable=False),
    Column("annotations", Text, nullable=False),
    Column("value", Double, nullable=False),
    Column("before", String(10), nullable=False),
    Column("after", String(10), nullable=False),
)

#: Silences; matchers as JSON: a list of name, operator, value. Instants in milliseconds.
silences = Table(
    "silences",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("matchers", Text, nullable=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False, index=True),
    Column("created_by", String(200), nullable=False),
    Column("comment", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

#: What each integration was told last of a group; fingerprints as a JSON list. Instants in milliseconds. The key of a
#: group has no bound, so the table's key is a digest of it and of the integration's.
notification_log = Table(
    "notification_log",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("integration", Text, nullable=False),
    Column("group_key", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("firing", Text, nullable=False),
    Column("resolved", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

#: Who has taken note of an alert, from when on it is active; instants in milliseconds.
acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("fingerprint", String(16), primary_key=True),
    Column("active_at", BigInteger, primary_key=True),
    Column("who", String(200), nullable=False),
    Column("comment", Text, nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
)

#: One row a counter; "revision" is raised in the transaction that changes calls (SQLite only).
counters = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
