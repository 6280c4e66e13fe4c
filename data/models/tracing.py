"""Spans of calls, and deployments."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, String, Table, Text, UniqueConstraint

from data.models.base import RowId, metadata

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
    Column("id", RowId, primary_key=True),
    Column("service", String(100), nullable=False),
    Column("environment", String(100), nullable=False),
    Column("version", String(100), nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
    Column("note", Text, nullable=False),
    UniqueConstraint("service", "environment", "version", "at"),
)
