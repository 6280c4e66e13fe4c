"""Schedules: which report goes when to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import Connection, delete, insert, select, update

from data.models import report_schedules
from data.record import Record
from data.reporting.cron import next_time

c = report_schedules.c
_LISTS = ("forms", "recipients", "channels")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a schedule says: the period it tells of, the zone whose clock counts, the filter as a query string, the
    forms of the report, mail addresses, further channels (folder, bucket, webhook), and when it is due."""

    name: str
    period: str
    zone: str
    query: str
    forms: Sequence[str]
    recipients: Sequence[str]
    channels: Sequence[str]
    cron: str = ""
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """A row; next_at: when it is due (UTC microseconds), None while it is paused."""

    id: int
    plan: Plan
    next_at: int | None
    created_by: str
    updated_at: int


def all_schedules(record: Record) -> list[Schedule]:
    """By name."""
    with record.read() as connection:
        return [
            _schedule(row) for row in connection.execute(select(report_schedules).order_by(c.name, c.id)).mappings()
        ]


def find(record: Record, schedule_id: int) -> Schedule | None:
    """The schedule with this id."""
    with record.read() as connection:
        row = connection.execute(select(report_schedules).where(c.id == schedule_id)).mappings().one_or_none()
    return None if row is None else _schedule(row)


def add(record: Record, plan: Plan, who: str, now: int) -> Schedule:
    """Store a new one; it is due at its first time after `now`."""
    row = _values(plan, now) | {"created_by": who[:200]}
    with record.write() as connection:
        made = connection.execute(insert(report_schedules).values(row).returning(c.id)).scalar_one()
    return Schedule(int(made), plan, row["next_at"], who[:200], now)


def change(record: Record, schedule: Schedule, plan: Plan, now: int) -> Schedule:
    """Store what it says from now on; LookupError if it is gone."""
    values = _values(plan, now)
    same_times = (plan.cron, plan.zone, plan.paused) == (schedule.plan.cron, schedule.plan.zone, schedule.plan.paused)
    if same_times:
        # What is due stays due.
        del values["next_at"]
    with record.write() as connection:
        if not connection.execute(update(report_schedules).where(c.id == schedule.id).values(values)).rowcount:
            raise LookupError(schedule.id)
    return replace(schedule, plan=plan, next_at=values.get("next_at", schedule.next_at), updated_at=now)


def remove(record: Record, schedule_id: int) -> bool:
    """Delete it; its runs stay in the ledger. False if there is none."""
    with record.write() as connection:
        return bool(connection.execute(delete(report_schedules).where(c.id == schedule_id)).rowcount)


def due(connection: Connection, now: int) -> list[Schedule]:
    """Those whose time has come, the longest waiting first."""
    query = select(report_schedules).where(c.paused.is_(False), c.next_at <= now).order_by(c.next_at)
    return [_schedule(row) for row in connection.execute(query).mappings()]


def move_on(connection: Connection, schedule: Schedule, now: int) -> bool:
    """Make it due at its first time after `now`; False if somebody else has, or has changed it."""
    same = (c.id == schedule.id, c.next_at == schedule.next_at, c.updated_at == schedule.updated_at)
    following = next_time(schedule.plan.cron, schedule.plan.zone, now)
    return bool(connection.execute(update(report_schedules).where(*same).values(next_at=following)).rowcount)


def _values(plan: Plan, now: int) -> dict[str, Any]:
    values = {name: getattr(plan, name) for name in Plan.__dataclass_fields__}
    values |= {name: orjson.dumps(list(values[name])).decode() for name in _LISTS}
    return values | {"next_at": None if plan.paused else next_time(plan.cron, plan.zone, now), "updated_at": now}


def plan_of(row: Mapping[Any, Any]) -> Plan:
    """What a row of schedules or of runs says."""
    values = {name: row[name] for name in Plan.__dataclass_fields__ if name in row}
    return Plan(**values | {name: tuple(orjson.loads(row[name])) for name in _LISTS})


def _schedule(row: Mapping[Any, Any]) -> Schedule:
    return Schedule(row["id"], plan_of(row), row["next_at"], row["created_by"], row["updated_at"])
