"""What people keep for themselves and for each other."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, String, Table, Text, UniqueConstraint

from data.models.base import RowId, metadata

#: A page with its filter under a name. Without an owner it is everybody's; `home` is the one that `/` leads to.
saved_views = Table(
    "saved_views",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("path", String(200), nullable=False),
    Column("query", Text, nullable=False),
    Column("owner", String(200)),
    Column("home", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("owner", "name"),
)
