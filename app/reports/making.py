"""Makes the files of a run, and its mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from werkzeug.datastructures import MultiDict

from app.filters import parse_query
from app.reports.compose import Asked, compose
from app.reports.content import Report
from app.reports.files import Form, made
from app.reports.links import Links
from app.reports.mail import Letter, mail
from app.reports.periods import Period
from app.reports.sending import MESSAGE
from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.record import Record
from data.reporting.runs import Run
from data.times import now_micros


@dataclass(frozen=True, slots=True)
class Made:
    """Files by name, the mail among them, and what is missing."""

    files: Mapping[str, bytes]
    note: str


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes runs of the calls of a record; raises BadFilter where the filter is none any more."""

    record: Record
    copy: AnalyticCopy
    links: Links
    clock: Callable[[], int] = now_micros

    def __call__(self, run: Run) -> Made:
        plan = run.plan
        report = self.report(Asked(Period(plan.period), calls_of(plan.query, plan.zone), run.day))
        found = made(report, [Form(form) for form in plan.forms], pictures=bool(plan.recipients))
        files = dict(found.files)
        if plan.recipients:
            links = {name: self.links.made(run.id, name) for name in files}
            letter = Letter(plan.name, f"run {run.id} {run.slot}", self.links.address, links)
            files[MESSAGE] = mail(report, found, letter).as_bytes()
        return Made(files, " ".join(found.missing))

    def report(self, asked: Asked) -> Report:
        """What is asked for, as of now."""
        return compose(self.copy, self.record, asked, now=self.clock())


def calls_of(query: str, zone: str) -> CallFilter:
    """The filter of a query string, its days those of the zone; raises BadFilter."""
    given = MultiDict([*parse_qsl(query), ("zone", zone)])
    return parse_query(given, now_micros(), zone).filter
