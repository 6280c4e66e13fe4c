"""Makes the reports that are due: plans a run for each time that has come, makes it, and puts it into the outbox."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import date

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from alerts import outbox
from app.reports.making import Made
from app.reports.periods import Period, last_complete
from app.reports.sending import KIND
from data.lease import Lease, LeaseLost
from data.record import Record, RecordFull, RecordUnavailable
from data.reporting import cron, runs, schedules
from data.reporting.runs import Run, RunStatus
from data.reporting.schedules import Plan, Schedule
from data.times import MINUTE, now_micros, to_iso
from monitoring.tracing import create_span

log = logging.getLogger(__name__)

_EVERY_SECONDS = 5.0
_PRUNE_EVERY = 60 * MINUTE
#: A run that begins later than this after its time says so.
_LATE = 5 * MINUTE


class Scheduler:
    """One process' scheduler; of several instances that of the lease's holder works."""

    def __init__(
        self,
        record: Record,
        lease: Lease,
        make: Callable[[Run], Made],
        wake_outbox: Callable[[], object],
        *,
        clock: Callable[[], int] = now_micros,
    ) -> None:
        """`make` makes what a run asks for."""
        self._record, self._lease, self._make, self._clock = record, lease, make, clock
        self._wake_outbox = wake_outbox
        #: Told of runs that failed before they were sent, or that go nowhere.
        self.on_done: Callable[[RunStatus], object] = lambda status: None
        self._led, self._pruned_at = False, 0
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="reports", daemon=True)

    def start(self) -> None:
        """Begin to plan and to make."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a run that is being made is made again by whoever comes next."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=2)

    def wake(self) -> None:
        """Look at once."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                while not self._stopping.is_set() and self.tick():
                    pass
            except (RecordUnavailable, RecordFull) as error:
                log.warning("reports wait: %s", error)
            except LeaseLost as error:
                log.info("%s", error)
            except Exception:  # what is due later is made whatever one round met
                log.exception("a round of reports failed")
            self._wake.wait(_EVERY_SECONDS)
            self._wake.clear()

    def tick(self) -> bool:
        """Plan what is due and make one run; whether there was one. Raises RecordUnavailable, LeaseLost."""
        if not self._lease.held:
            self._led = False
            return False
        now = self._clock()
        if not self._led:
            with self._record.write() as connection:
                self._lease.confirm(connection)
                runs.take_over(connection)
            self._led = True
        self._plan(now)
        if now - self._pruned_at > _PRUNE_EVERY:
            with self._record.write() as connection:
                runs.prune(connection, now)
            self._pruned_at = now
        with self._record.read() as connection:
            run = runs.next_waiting(connection, now)
        if run is None:
            return False
        with create_span(f"report {run.plan.name}", {"run": run.id}):
            self._work(run)
        return True

    def ask(self, schedule: Schedule, who: str) -> int:
        """A run at once, beside the times of the schedule; its id."""
        now = self._clock()
        with self._record.write() as connection:
            made = runs.add(
                connection,
                schedule.plan,
                _day(schedule.plan, now),
                schedule_id=schedule.id,
                slot=f"asked {to_iso(now)}"[:40],
                due_at=now,
                by=who,
                note="",
            )
        self.wake()
        return made or 0

    # --- planning

    def _plan(self, now: int) -> None:
        with self._record.read() as connection:
            found = schedules.due(connection, now)
        for schedule in found:
            try:
                with self._record.write() as connection:
                    self._lease.confirm(connection)
                    # The row moves on in the same transaction: no time is planned twice, none is lost.
                    if schedules.move_on(connection, schedule, now):
                        self._add(connection, schedule, now)
            except IntegrityError:
                log.warning("the report %s was planned by another instance", schedule.plan.name)

    def _add(self, connection: Connection, schedule: Schedule, now: int) -> None:
        """The newest of the times that have come; what was missed while nothing ran is made up for once."""
        plan, first = schedule.plan, schedule.next_at or now
        missed = [first]
        for instant in cron.times(plan.cron, plan.zone, first):
            if instant > now:
                break
            missed.append(instant)
        due_at, left_out = missed[-1], len(missed) - 1
        note = f"Made late: it was due at {to_iso(due_at)}." if now - due_at > _LATE else ""
        if left_out:
            note += f" {left_out:,} earlier one{'s were' if left_out > 1 else ' was'} left out."
        runs.add(
            connection,
            plan,
            _day(plan, due_at),
            schedule_id=schedule.id,
            slot=cron.slot(plan.cron, plan.zone, due_at),
            due_at=due_at,
            by="schedule",
            note=note.strip(),
        )

    # --- making

    def _work(self, run: Run) -> None:
        with self._record.write() as connection:
            self._lease.confirm(connection)
            runs.begin(connection, run, self._clock())
        try:
            made = self._make(run)
        except (RecordUnavailable, RecordFull) as error:
            self._failed(run, str(error))
        except Exception as error:
            log.exception("the report %s could not be made", run.plan.name)
            self._failed(run, f"{type(error).__name__}: {error}")
        else:
            self._send(run, made)

    def _failed(self, run: Run, reason: str) -> None:
        with self._record.write() as connection:
            again = runs.not_made(connection, run, reason, self._clock())
        if not again:
            self.on_done(RunStatus.FAILED)

    def _send(self, run: Run, made: Made) -> None:
        now = self._clock()
        with self._record.write() as connection:
            self._lease.confirm(connection)
            runs.made(connection, run, made.files, made.note, now)
            for channel in run.channels:
                message = {"run": run.id, "channel": channel}
                outbox.put(connection, KIND, f"report/{channel}", f"run {run.id}", message, now // 1000)
        if run.channels:
            self._wake_outbox()
        else:
            self.on_done(RunStatus.DONE)


def _day(plan: Plan, at: int) -> date:
    """The first day of the newest period that is over at an instant."""
    return last_complete(Period(plan.period), at, plan.zone)
