"""Scheduled reports, what became of each, and the files that were made."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, LargeBinary, String, Table, Text, UniqueConstraint

from data.models.base import RowId, metadata

#: When which report goes to whom. `cron` is meant on the clock of `zone`; `query` is the filter as a query string;
#: `forms`, `recipients` (mail addresses) and `channels` are JSON lists. `next_at`: when it is due next, None while
#: it is paused. UTC microseconds.
report_schedules = Table(
    "report_schedules",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("period", String(10), nullable=False),
    Column("cron", String(100), nullable=False),
    Column("zone", String(60), nullable=False),
    Column("query", Text, nullable=False),
    Column("forms", Text, nullable=False),
    Column("recipients", Text, nullable=False),
    Column("channels", Text, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("next_at", BigInteger),
    Column("created_by", String(200), nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

#: The ledger: each run of a schedule, as its name was then. `slot` is the time on the schedule's clock that it is for,
#: so that no time is served twice. `day`: the first day of what it tells of. UTC microseconds; sizes in bytes.
report_runs = Table(
    "report_runs",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("schedule_id", RowId, ForeignKey("report_schedules.id", ondelete="SET NULL")),
    Column("slot", String(40), nullable=False),
    Column("name", String(200), nullable=False),
    Column("period", String(10), nullable=False),
    Column("day", String(10), nullable=False),
    Column("zone", String(60), nullable=False),
    Column("query", Text, nullable=False),
    Column("forms", Text, nullable=False),
    Column("recipients", Text, nullable=False),
    Column("channels", Text, nullable=False),
    Column("asked_by", String(200), nullable=False),
    Column("due_at", BigInteger, nullable=False, index=True),
    Column("status", String(10), nullable=False),
    Column("tries", BigInteger, nullable=False),
    Column("retry_at", BigInteger),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("bytes", BigInteger, nullable=False),
    Column("delivered", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("error", Text, nullable=False),
    UniqueConstraint("schedule_id", "slot"),
)

#: What a run made; `name` ends in its form. "mail" is its message, ready to be sent.
report_files = Table(
    "report_files",
    metadata,
    Column("run_id", RowId, ForeignKey("report_runs.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
