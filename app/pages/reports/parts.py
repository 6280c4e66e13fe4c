"""Data into the page: component id -> props, for the first layout and for every refresh alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.components.guard import Parts, guarded
from app.pages.reports import ids
from app.pages.reports.rows import ledger_rows, schedule_rows
from data.reporting import runs, schedules

if TYPE_CHECKING:
    from app.filters import PageFilter
    from app.services import Services

_MOST_RUNS = 50


def parts(page: PageFilter, services: Services) -> Parts:
    """The schedules with their last runs, and the ledger; times on the clock of the page's zone.

    Raises RecordUnavailable: the page then keeps the rows that it has.
    """
    zone, record = page.filter.zone, services.record
    planned, last, made = schedules.all_schedules(record), runs.last_runs(record), runs.ledger(record, _MOST_RUNS)
    with record.read() as connection:
        files = runs.files_of(connection, [run.id for run in made])
    return {
        **guarded(
            (ids.SCHEDULES,),
            "The schedules",
            lambda: {ids.SCHEDULES: {"children": schedule_rows(planned, last, zone)}},
        ),
        **guarded((ids.LEDGER,), "The ledger", lambda: {ids.LEDGER: {"children": ledger_rows(made, files, zone)}}),
    }
