"""Who may use the program, with what, and what was written down about it. Secrets are kept as digests only."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, text

from data.models.base import RowId, metadata

#: People. `subject` is who they are to a sign-in service (OpenID Connect); such people may have no password here.
#: `generation` is raised when all sessions of a user end.
users = Table(
    "users",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("role", String(10), nullable=False),
    Column("password_hash", String(200)),
    Column("subject", String(300), unique=True),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("generation", Integer, nullable=False, server_default=text("0")),
)

#: Who is signed in: a browser by its cookie, a program by its refresh token. `digest` is that of the secret, `previous`
#: that of the refresh token before it: whoever shows that one has stolen it, or was stolen from.
sessions = Table(
    "sessions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("previous", String(64), unique=True),
    Column("kind", String(10), nullable=False),
    Column("user_id", RowId, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("generation", Integer, nullable=False, server_default=text("0")),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("address", String(45), nullable=False),
    Column("agent", String(200), nullable=False),
)

#: Keys of programs; `scopes` has commas between them, `prefix` is the beginning of the key, to tell it by. `view` is
#: the address (path and query) that a wall screen's key opens.
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("prefix", String(12), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("scopes", String(100), nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("view", Text),
)
#: Of keys in use, one has a name; those that are revoked may have it, too.
Index(
    "ix_api_keys_name",
    api_keys.c.name,
    unique=True,
    sqlite_where=api_keys.c.revoked_at.is_(None),
    postgresql_where=api_keys.c.revoked_at.is_(None),
)

#: Links by which the first account is made, each once.
setup_links = Table(
    "setup_links",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
)

#: Links by which a person sets a password, each once.
password_links = Table(
    "password_links",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("user_id", RowId, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("expires_at", BigInteger, nullable=False),
)

#: Who did what, when, from where; `before` and `after` as JSON. Rows are only ever added.
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("actor", String(200), nullable=False),
    Column("action", String(60), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("address", String(45), nullable=False),
)
