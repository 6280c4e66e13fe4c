"""What came in and could not be used."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, Table, Text

from data.models.base import RowId, metadata

#: Messages of platforms that could not be read, as they came.
quarantine = Table(
    "quarantine",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("platform", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("content_type", String(100), nullable=False),
    Column("size", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

#: Signatures that were used: one that comes again is refused.
used_signatures = Table(
    "used_signatures",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
)
