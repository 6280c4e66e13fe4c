"""Data into the page: component id -> props, for the first layout and for every refresh alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.components.filterbar import filter_parts
from app.components.guard import Parts, guarded
from app.pages.reports import ids
from app.pages.reports.rows import ledger_rows, schedule_rows
from data.reporting import runs, schedules

if TYPE_CHECKING:
    from app.filters import PageFilter
    from app.services import Services

_MOST_RUNS = 50


def parts(page: PageFilter, services: Services) -> Parts:
    """The schedules with their last runs, and the ledger; times on the clock of the page's zone."""
    zone, record = page.filter.zone, services.record

    def planned() -> Parts:
        found = schedule_rows(schedules.all_schedules(record), runs.last_runs(record), zone)
        return {ids.SCHEDULES: {"children": found}}

    def made() -> Parts:
        found = runs.ledger(record, _MOST_RUNS)
        with record.read() as connection:
            files = {run.id: list(runs.files_of(connection, run.id)) for run in found}
        return {ids.LEDGER: {"children": ledger_rows(found, files, zone)}}

    return {
        **filter_parts(page),
        **guarded((ids.SCHEDULES,), "The schedules", planned),
        **guarded((ids.LEDGER,), "The ledger", made),
    }
