"""Reports that are due: each time is served once, whatever clocks, restarts and other instances do."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from alerts.outbox import Outbox
from app.reports.links import Links
from app.reports.making import Made, Maker
from app.reports.scheduler import Scheduler
from data.analytics import AnalyticCopy
from data.lease import Lease
from data.migrations import migrate
from data.record import Record
from data.reporting import runs, schedules
from data.reporting.cron import BadCron, check, times
from data.reporting.runs import Run, RunStatus
from data.reporting.schedules import Plan
from data.times import DAY, HOUR, MINUTE, from_datetime, to_datetime
from tests.data.conftest import POSTGRES, SQLITE
from tests.servers import wait_until

PLAN = Plan("Calls", "daily", "Europe/Berlin", "", ["csv"], [], [], "30 2 * * *")


def berlin(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return from_datetime(datetime(year, month, day, hour, minute, tzinfo=ZoneInfo("Europe/Berlin")))


@dataclass
class Clock:
    now: int

    def __call__(self) -> int:
        return self.now


@dataclass
class Desk:
    """A scheduler that is ticked by hand, with everything real but its clock."""

    record: Record
    copy: AnalyticCopy
    clock: Clock
    lease: Lease
    scheduler: Scheduler

    def pass_time(self, seconds_until: int, step: int = 10 * MINUTE) -> None:
        """Tick every `step` up to an instant."""
        while self.clock.now < seconds_until:
            self.clock.now = min(self.clock.now + step, seconds_until)
            self.tick()

    def tick(self) -> None:
        while self.scheduler.tick():
            pass

    def runs(self) -> list[Run]:
        return runs.ledger(self.record)[::-1]


def desk(record: Record, copy: AnalyticCopy, clock: Clock, holder: str = "a") -> Desk:
    lease = Lease(record, "alerting", holder, 3600)
    lease.renew()
    maker = Maker(record, copy, Links(b"k" * 32, "http://here"), clock)
    return Desk(record, copy, clock, lease, Scheduler(record, lease, maker, Outbox(record, {}).wake, clock=clock))


BOTH = pytest.mark.parametrize("record", [SQLITE, POSTGRES], indirect=True)


@pytest.fixture
def record(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Record]:
    """An empty record: in SQLite, or where a test says so on each engine."""
    on_postgres = getattr(request, "param", "sqlite") == "postgres"
    url = request.getfixturevalue("postgres_database") if on_postgres else f"sqlite:///{tmp_path / 'record.db'}"
    opened = Record(url)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def made(record: Record) -> Iterator[Desk]:
    copy = AnalyticCopy(record, None)
    yield desk(record, copy, Clock(berlin(2026, 3, 27, 12)))
    copy.close()


@BOTH
def test_a_run_has_its_files_and_its_line(made: Desk) -> None:
    schedules.add(made.record, PLAN, "ann", made.clock.now)
    made.pass_time(berlin(2026, 3, 28, 3))
    (run,) = made.runs()
    assert (run.status, run.plan.name, run.asked_by, run.tries) == (RunStatus.DONE, "Calls", "schedule", 1)
    assert run.due_at == berlin(2026, 3, 28, 2, 30)
    assert run.day.isoformat() == "2026-03-27"
    with made.record.read() as connection:
        assert runs.files_of(connection, [run.id]) == {run.id: {"daily-call-report-2026-03-27.csv": run.bytes}}


@pytest.mark.parametrize(
    ("around", "days"),
    # Spring: 02:30 does not exist. Autumn: it comes twice.
    [((2026, 3, 29), ["28", "29", "30", "31"]), ((2026, 10, 25), ["24", "25", "26", "27"])],
)
@pytest.mark.parametrize("step", [17 * MINUTE, HOUR])
def test_a_night_on_which_the_clocks_change_gives_one_report(
    made: Desk, around: tuple[int, int, int], days: list[str], step: int
) -> None:
    middle = berlin(*around, 12)
    made.clock.now = middle - 2 * DAY
    schedules.add(made.record, PLAN, "ann", made.clock.now)
    made.pass_time(middle + 2 * DAY, step)
    assert [f"{to_datetime(run.due_at, 'Europe/Berlin'):%d}" for run in made.runs()] == days
    assert len({run.day for run in made.runs()}) == 4


def test_a_clock_that_jumps_by_an_hour_repeats_nothing(made: Desk) -> None:
    schedules.add(made.record, PLAN, "ann", made.clock.now)
    made.pass_time(berlin(2026, 3, 28, 2, 31), MINUTE)
    assert len(made.runs()) == 1
    made.clock.now -= HOUR
    made.tick()
    made.pass_time(berlin(2026, 3, 28, 4), MINUTE)
    assert len(made.runs()) == 1
    # Forward over the time, and back.
    made.clock.now = berlin(2026, 3, 30, 2, 0) + HOUR
    made.tick()
    made.clock.now -= HOUR
    made.pass_time(berlin(2026, 3, 30, 12))
    assert [f"{run.day}" for run in made.runs()] == ["2026-03-27", "2026-03-29"]


@BOTH
def test_a_schedule_made_anew_at_the_same_time_does_not_repeat_it(made: Desk) -> None:
    schedule = schedules.add(made.record, PLAN, "ann", made.clock.now)
    made.pass_time(berlin(2026, 3, 28, 2, 31))
    made.clock.now = berlin(2026, 3, 28, 2, 0)
    paused = schedules.change(made.record, schedule, replace(PLAN, paused=True), made.clock.now)
    schedules.change(made.record, paused, PLAN, made.clock.now)
    made.pass_time(berlin(2026, 3, 28, 4))
    assert len(made.runs()) == 1


@BOTH
def test_what_was_missed_is_made_up_for_once(made: Desk) -> None:
    schedules.add(made.record, PLAN, "ann", made.clock.now)
    made.clock.now = berlin(2026, 4, 2, 9)
    made.tick()
    (run,) = made.runs()
    assert run.day.isoformat() == "2026-04-01"
    assert run.note == "Made late: it was due at 2026-04-02T00:30:00Z. 5 earlier ones were left out."
    made.pass_time(berlin(2026, 4, 3, 3))
    assert len(made.runs()) == 2


@BOTH
def test_a_paused_one_waits_and_what_it_missed_stays_away(made: Desk) -> None:
    schedule = schedules.add(made.record, replace(PLAN, paused=True), "ann", made.clock.now)
    made.pass_time(berlin(2026, 3, 30, 12), HOUR)
    assert made.runs() == []
    schedules.change(made.record, schedule, PLAN, made.clock.now)
    made.pass_time(berlin(2026, 3, 31, 3))
    assert [str(run.day) for run in made.runs()] == ["2026-03-30"]


@BOTH
def test_two_instances_make_one_report_and_the_second_takes_over(made: Desk) -> None:
    schedules.add(made.record, PLAN, "ann", made.clock.now)
    other = desk(made.record, made.copy, made.clock, "b")
    assert made.lease.held and not other.lease.held
    made.clock.now = berlin(2026, 3, 28, 3)
    other.tick()
    assert made.runs() == []
    made.tick()
    other.tick()
    assert len(made.runs()) == 1
    # The first one dies in the middle of a run.
    with made.record.write() as connection:
        runs.begin(connection, made.runs()[0], made.clock.now)
    expire(made.lease)
    assert other.lease.renew() and not made.lease.renew()
    other.tick()
    (run,) = made.runs()
    assert (run.status, run.tries) == (RunStatus.DONE, 3)
    made.tick()
    assert len(made.runs()) == 1


def expire(lease: Lease) -> None:
    """As if its time were over."""
    from sqlalchemy import update

    from data.models import leases

    with lease._record.write() as connection:
        connection.execute(update(leases).values(expires_at=0))


@BOTH
def test_one_that_can_not_be_made_is_tried_again_and_then_failed(made: Desk) -> None:
    schedules.add(made.record, replace(PLAN, query="agent=roxy"), "ann", made.clock.now)

    def broken(run: Run) -> Made:
        raise ValueError("no ink")

    scheduler = Scheduler(made.record, made.lease, broken, lambda: None, clock=made.clock)
    told: list[RunStatus] = []
    scheduler.on_done = told.append
    made.scheduler = scheduler
    made.pass_time(berlin(2026, 3, 28, 2, 31))
    (run,) = made.runs()
    assert (run.status, run.error) == (RunStatus.WAITING, "ValueError: no ink")
    assert runs.health(made.record, made.clock.now).overdue_seconds == 60
    made.pass_time(berlin(2026, 3, 28, 3), MINUTE)
    (run,) = made.runs()
    assert (run.status, run.tries, told) == (RunStatus.FAILED, 3, [RunStatus.FAILED])
    health = runs.health(made.record, made.clock.now)
    assert (health.failing, health.overdue_seconds) == (1, 0)


@pytest.mark.parametrize("record", [POSTGRES], indirect=True)
def test_two_channels_that_end_at_once_are_both_noted(made: Desk) -> None:
    plan = replace(PLAN, channels=["folder", "webhook"])
    with made.record.write() as connection:
        number = runs.add(
            connection, plan, date(2026, 3, 26), schedule_id=None, slot="x", due_at=made.clock.now, by="ann", note=""
        )
        run = runs.find(connection, number or 0)
        assert run is not None
        runs.made(connection, run, {}, "", made.clock.now)

    def end(channel: str) -> None:
        with made.record.write() as connection:
            runs.delivered(connection, run.id, channel, "", made.clock.now, tries=1)

    def waits_for_the_first() -> bool:
        with made.record.read() as connection:
            locks = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            return bool(connection.execute(locks).scalar_one())

    with ThreadPoolExecutor(1) as pool:
        with made.record.write() as connection:
            runs.delivered(connection, run.id, "folder", "", made.clock.now, tries=1)
            second = pool.submit(end, "webhook")
            wait_until(waits_for_the_first, "the second channel ends, too")
        second.result()
    (found,) = made.runs()
    assert (found.status, found.delivered) == (RunStatus.DONE, {"folder": "", "webhook": ""})


@BOTH
def test_a_run_at_once_beside_the_times(made: Desk) -> None:
    schedule = schedules.add(made.record, PLAN, "ann", made.clock.now)
    made.scheduler.ask(schedule, "ann")
    made.tick()
    made.pass_time(berlin(2026, 3, 28, 3))
    assert [(run.asked_by, str(run.day)) for run in made.runs()] == [("ann", "2026-03-26"), ("schedule", "2026-03-27")]


@BOTH
def test_old_files_go_and_the_ledger_stays_longer(made: Desk) -> None:
    schedule = schedules.add(made.record, replace(PLAN, paused=True), "ann", made.clock.now)
    made.scheduler.ask(schedule, "ann")
    made.tick()
    run_id = made.runs()[0].id
    made.clock.now += 31 * DAY
    made.tick()
    with made.record.read() as connection:
        assert runs.files_of(connection, [run_id]) == {run_id: {}}
    assert len(made.runs()) == 1
    made.clock.now += 400 * DAY
    made.tick()
    assert made.runs() == []


@pytest.mark.parametrize(
    ("cron", "why"),
    [
        ("* * * * *", "one number"),
        ("0 7 * *", "five fields"),
        ("0 25 * * *", "bad hour"),
        ("0 7 30 2 *", "day-of-month"),
    ],
)
def test_a_bad_cron_expression_is_refused(cron: str, why: str) -> None:
    with pytest.raises(BadCron, match=why):
        check(cron)


def test_an_hourly_one_follows_real_hours() -> None:
    start = from_datetime(datetime(2026, 10, 24, 22, 30, tzinfo=UTC))
    found = [at for at, _ in zip(times("0 * * * *", "Europe/Berlin", start), range(5), strict=False)]
    assert {b - a for a, b in pairwise(found)} == {HOUR}
    assert to_datetime(found[0]) - to_datetime(start) == timedelta(minutes=30)
