"""The ledger of reports: each run with what it was to do, what it did, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import Connection, Select, delete, func, insert, or_, select, update

from data.models import report_files, report_runs, report_schedules
from data.record import Record
from data.reporting.schedules import Plan, plan_of
from data.times import DAY, MINUTE

c = report_runs.c
#: A report that could not be made is tried again after so long.
RETRIES = (MINUTE, 5 * MINUTE)
#: For how long files, and the lines of the ledger, are kept.
FILES_KEPT, RUNS_KEPT = 30 * DAY, 400 * DAY


class RunStatus(StrEnum):
    """How far a run is."""

    WAITING = "waiting"
    RUNNING = "running"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"


UNFINISHED = (RunStatus.WAITING, RunStatus.RUNNING, RunStatus.SENDING)


@dataclass(frozen=True, slots=True)
class Run:
    """A line. due_at, started_at, finished_at, retry_at in UTC microseconds; bytes: of all files.

    delivered: what came of each channel, "" = taken, else the error. note: what is missing or was left out.
    """

    id: int
    schedule_id: int | None
    slot: str
    plan: Plan
    day: date
    asked_by: str
    due_at: int
    status: RunStatus
    tries: int
    retry_at: int | None
    started_at: int | None
    finished_at: int | None
    bytes: int
    delivered: Mapping[str, str]
    note: str
    error: str

    @property
    def channels(self) -> list[str]:
        """Mail, if anybody gets it, and the others."""
        return [*(["mail"] if self.plan.recipients else []), *self.plan.channels]

    @property
    def seconds(self) -> float | None:
        """From its begin to its end."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at) / 1e6


@dataclass(frozen=True, slots=True)
class Health:
    """Active schedules whose newest run failed, and for how long the latest report is due (seconds, 0 = none is)."""

    failing: int
    overdue_seconds: float


def add(
    connection: Connection,
    plan: Plan,
    day: date,
    *,
    schedule_id: int | None,
    slot: str,
    due_at: int,
    by: str,
    note: str,
) -> int | None:
    """Write a run that waits; None if its slot was served before."""
    query = select(c.id).where(c.schedule_id == schedule_id, c.slot == slot)
    if connection.execute(query).first() is not None:
        return None
    row = {
        "schedule_id": schedule_id, "slot": slot, "name": plan.name, "period": plan.period, "day": day.isoformat(),
        "zone": plan.zone, "query": plan.query, "asked_by": by[:200], "due_at": due_at,
        **{name: orjson.dumps(list(getattr(plan, name))).decode() for name in ("forms", "recipients", "channels")},
        "status": RunStatus.WAITING.value, "tries": 0, "bytes": 0, "delivered": "{}", "note": note, "error": "",
    }  # fmt: skip
    return int(connection.execute(insert(report_runs).values(row).returning(c.id)).scalar_one())


def ledger(record: Record, limit: int = 50, before: int | None = None) -> list[Run]:
    """Newest first; `before`: only lines with a lower id."""
    query = select(report_runs).order_by(c.id.desc()).limit(limit)
    with record.read() as connection:
        return _runs(connection, query if before is None else query.where(c.id < before))


def last_runs(record: Record) -> dict[int, Run]:
    """The newest run of each schedule."""
    newest = select(func.max(c.id)).where(c.schedule_id.is_not(None)).group_by(c.schedule_id)
    with record.read() as connection:
        return {run.schedule_id or 0: run for run in _runs(connection, select(report_runs).where(c.id.in_(newest)))}


def find(connection: Connection, run_id: int) -> Run | None:
    """The run with this id."""
    return next(iter(_runs(connection, select(report_runs).where(c.id == run_id))), None)


def next_waiting(connection: Connection, now: int) -> Run | None:
    """The run that waits longest and whose turn it is."""
    mine = (c.status == RunStatus.WAITING.value, or_(c.retry_at.is_(None), c.retry_at <= now))
    return next(iter(_runs(connection, select(report_runs).where(*mine).order_by(c.due_at, c.id).limit(1))), None)


def begin(connection: Connection, run: Run, now: int) -> None:
    """It is being made."""
    values = {"status": RunStatus.RUNNING.value, "tries": run.tries + 1, "started_at": now, "retry_at": None}
    connection.execute(update(report_runs).where(c.id == run.id).values(values))


def take_over(connection: Connection) -> None:
    """Whoever was making these is gone."""
    orphaned = update(report_runs).where(c.status == RunStatus.RUNNING.value)
    connection.execute(orphaned.values(status=RunStatus.WAITING.value))


def made(connection: Connection, run: Run, files: Mapping[str, bytes], note: str, now: int) -> None:
    """Keep its files; it is sent, or done where it goes nowhere."""
    connection.execute(delete(report_files).where(report_files.c.run_id == run.id))
    for name, body in files.items():
        row = {"run_id": run.id, "name": name, "bytes": len(body), "body": body}
        connection.execute(insert(report_files).values(row))
    values: dict[str, Any] = {"bytes": sum(map(len, files.values())), "note": _joined(run.note, note), "error": ""}
    sending = bool(run.channels)
    values |= {"status": (RunStatus.SENDING if sending else RunStatus.DONE).value, "delivered": "{}"}
    connection.execute(
        update(report_runs).where(c.id == run.id).values(values | ({} if sending else {"finished_at": now}))
    )


def not_made(connection: Connection, run: Run, error: str, now: int) -> bool:
    """Why it could not be made; whether it is tried again."""
    again = run.tries < len(RETRIES)
    values: dict[str, Any] = {"error": error[:1000]}
    if again:
        values |= {"status": RunStatus.WAITING.value, "retry_at": now + RETRIES[run.tries]}
    else:
        values |= {"status": RunStatus.FAILED.value, "finished_at": now}
    connection.execute(update(report_runs).where(c.id == run.id).values(values))
    return again


def delivered(
    connection: Connection, run_id: int, channel: str, error: str, now: int, *, tries: int
) -> RunStatus | None:
    """What came of a channel ("" = taken) after so many tries; the status of the run, None if it is gone."""
    # Locked where the engine can: two channels may end at once.
    locked = select(report_runs).where(c.id == run_id).with_for_update()
    run = next(iter(_runs(connection, locked)), None)
    if run is None:
        return None
    found = {**run.delivered, channel: error[:500]}
    failed = "; ".join(f"{name}: {text}" for name, text in found.items() if text)
    values: dict[str, Any] = {"delivered": orjson.dumps(found).decode(), "tries": run.tries + tries - 1}
    values["error"] = failed[:1000]
    status = RunStatus.SENDING
    if set(run.channels) <= found.keys():
        status = RunStatus.FAILED if failed else RunStatus.DONE
        values |= {"status": status.value, "finished_at": now}
    connection.execute(update(report_runs).where(c.id == run_id).values(values))
    return status


def put_off(connection: Connection, run_id: int, error: str) -> None:
    """Why it is not delivered yet: whoever looks at the ledger meanwhile sees what it waits for."""
    connection.execute(update(report_runs).where(c.id == run_id).values(error=error[:1000]))


def files_of(connection: Connection, run_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """The names of the files of each of these runs, and their bytes."""
    f = report_files.c
    query = select(f.run_id, f.name, f.bytes).where(f.run_id.in_(run_ids)).order_by(f.run_id, f.name)
    found: dict[int, dict[str, int]] = {run_id: {} for run_id in run_ids}
    for run_id, name, size in connection.execute(query):
        found[run_id][name] = size
    return found


def file(connection: Connection, run_id: int, name: str) -> bytes | None:
    """One of them."""
    query = select(report_files.c.body).where(report_files.c.run_id == run_id, report_files.c.name == name)
    return connection.execute(query).scalar_one_or_none()


def prune(connection: Connection, now: int) -> None:
    """Delete what is old enough."""
    old = select(c.id).where(c.due_at < now - FILES_KEPT)
    connection.execute(delete(report_files).where(report_files.c.run_id.in_(old)))
    connection.execute(delete(report_runs).where(c.due_at < now - RUNS_KEPT))


def health(record: Record, now: int) -> Health:
    """Of all schedules that are not paused."""
    s = report_schedules.c
    newest = select(func.max(c.id)).where(c.schedule_id.is_not(None)).group_by(c.schedule_id)
    failing = select(func.count()).select_from(report_runs.join(report_schedules, s.id == c.schedule_id))
    failing = failing.where(c.id.in_(newest), c.status == RunStatus.FAILED.value, s.paused.is_(False))
    unfinished = select(func.min(c.due_at)).where(c.status.in_([status.value for status in UNFINISHED]))
    with record.read() as connection:
        found = int(connection.execute(failing).scalar_one())
        waits = connection.execute(unfinished).scalar_one()
        planned = connection.execute(select(func.min(s.next_at)).where(s.paused.is_(False))).scalar_one()
    since = min((at for at in (waits, planned) if at is not None), default=now)
    return Health(found, max(0, now - int(since)) / 1e6)


def _joined(*texts: str) -> str:
    return " ".join(text for text in texts if text)[:1000]


def _runs(connection: Connection, query: Select[Any]) -> list[Run]:
    return [
        Run(
            id=row["id"],
            schedule_id=row["schedule_id"],
            slot=row["slot"],
            plan=plan_of(row),
            day=date.fromisoformat(row["day"]),
            asked_by=row["asked_by"],
            due_at=row["due_at"],
            status=RunStatus(row["status"]),
            tries=row["tries"],
            retry_at=row["retry_at"],
            started_at=row["started_at"],
            finished_at=row["finished_at"],
            bytes=row["bytes"],
            delivered=orjson.loads(row["delivered"]),
            note=row["note"],
            error=row["error"],
        )
        for row in connection.execute(query).mappings()
    ]
