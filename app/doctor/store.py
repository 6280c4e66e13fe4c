"""The call record, and its copy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import redis
from sqlalchemy import func, make_url, select, text
from sqlalchemy.exc import SQLAlchemyError

from app.doctor.finding import Finding, fail, note, ok
from app.program import PROGRAM
from app.server import claim
from app.settings import Settings, SettingsError
from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.migrations import HEAD
from data.models import calls
from data.queries.listing import count_calls
from data.record import Record, RecordUnavailable
from data.times import MINUTE, SECOND, now_micros

_BACKUP = f"restore the last backup: {PROGRAM} restore DIR --force (the damaged file is set aside)"


def findings(settings: Settings) -> Iterator[Finding]:
    """All of them."""
    database = Path(str(make_url(settings.record_url).database))
    if settings.record_url.startswith("sqlite") and not database.exists():
        yield note("database", f"{database} is not there yet", "it is made at the first start")
    else:
        record = Record(settings.record_url)
        try:
            yield from _record(record, settings)
        finally:
            record.close()
    if settings.redis_url is not None:
        yield _redis(settings.redis_url)


def _record(record: Record, settings: Settings) -> Iterator[Finding]:
    try:
        with record.read() as connection:
            revision = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
            stored = int(connection.execute(select(func.count()).select_from(calls)).scalar_one())
            newest = connection.execute(select(func.max(calls.c.updated_at))).scalar_one()
            damage = connection.execute(text("PRAGMA quick_check")).scalar_one() if record.is_sqlite else "ok"
            clock = connection.execute(text("SELECT now()")).scalar_one().timestamp() if not record.is_sqlite else None
    except RecordUnavailable as error:
        remedy = (
            _BACKUP if record.is_sqlite else "is the server up, and are DATABASE_URL's host, user and password right?"
        )
        yield fail("database", str(error).partition("\n")[0], remedy)
        return
    except SQLAlchemyError as error:
        yield fail(
            "database",
            f"holds no record of VoiceHive ({str(error).partition(chr(10))[0]})",
            "serve or migrate makes one",
        )
        return
    yield ok("database", f"{stored:,} calls") if damage == "ok" else fail("database", f"damaged: {damage}", _BACKUP)
    yield _schema(revision)
    yield _clock(clock, newest)
    yield _copy(record, settings, stored)


def _schema(revision: str) -> Finding:
    if revision == HEAD:
        return ok("schema", f"{revision}, the newest")
    if revision > HEAD:
        return fail("schema", f"{revision} is of a newer version than this program ({HEAD})", "install that version")
    return note("schema", f"{revision} of {HEAD}", f"{PROGRAM} migrate, or the next start, brings it up to date")


def _clock(database: float | None, newest: int | None) -> Finding:
    now = now_micros()
    if database is not None and abs(database - now / SECOND) > MINUTE / SECOND:
        seen = f"differs from the database's by {abs(database - now / SECOND):.0f} s"
        return fail("clock", seen, "set both by NTP: alerts and leases count by them")
    if newest is not None and newest > now + 5 * MINUTE:
        return fail(
            "clock",
            f"is {(newest - now) / SECOND:.0f} s behind the newest call",
            "set it by NTP, or that of the sender",
        )
    return ok("clock", "agrees with what the database holds")


def _copy(record: Record, settings: Settings, stored: int) -> Finding:
    path = settings.var_dir / "analytics.duckdb"
    if not path.exists():
        return note("analytic copy", "not there yet", "the next start fills it")
    try:
        held = claim(settings.var_dir)
    except SettingsError:
        return ok("analytic copy", f"in use by a server, {path.stat().st_size / 1e6:,.1f} MB")
    with held:
        copy = AnalyticCopy(record, path)
        try:
            rows = count_calls(copy, CallFilter())
        finally:
            copy.close()
    if rows != stored:
        return fail("analytic copy", f"holds {rows:,} of {stored:,} calls", f"delete {path}; the next start fills it")
    return ok("analytic copy", f"{rows:,} calls, {path.stat().st_size / 1e6:,.1f} MB")


def _redis(url: str) -> Finding:
    try:
        with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
            client.ping()
    except (redis.RedisError, ValueError, OSError) as error:
        return fail("Redis", str(error).partition("\n")[0], "start it, or leave REDIS_URL out: one instance needs none")
    return ok("Redis", "answers")
