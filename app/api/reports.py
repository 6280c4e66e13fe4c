"""Scheduled reports, their ledger, and reports at once: /api/reports."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode
from zoneinfo import available_timezones

from flask import Blueprint, Response, request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from werkzeug.datastructures import MultiDict

from app.api.body import Name, read_json
from app.api.describe import (
    FILTERS,
    INSTANT,
    INTEGER,
    MAYBE_NUMBER,
    TEXT,
    Parameter,
    choice,
    endpoint,
    json_answer,
    listing,
    obj,
    whole_number,
)
from app.api.errors import ApiError
from app.auth.current import audit, current
from app.reports.compose import Asked, NothingYet
from app.reports.files import MEDIA_TYPES, Form, made
from app.reports.making import calls_of
from app.reports.periods import AT_SEVEN, Period
from app.reports.sending import MESSAGE
from app.services import services
from data.reporting import cron, runs, schedules
from data.reporting.runs import Run
from data.reporting.schedules import Plan, Schedule
from data.times import now_micros, to_iso

blueprint = Blueprint("reports", __name__)

_ADDRESS = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+")
_TEXTS = listing(TEXT)
_PLAN = {
    "name": TEXT, "period": TEXT, "cron": TEXT, "zone": TEXT, "filter": TEXT, "forms": _TEXTS, "recipients": _TEXTS,
    "channels": _TEXTS,
}  # fmt: skip
_MAYBE_INSTANT = {"type": ["string", "null"], "format": "date-time"}
_SCHEDULE = obj(
    id=INTEGER, **_PLAN, paused={"type": "boolean"}, next_at=_MAYBE_INSTANT, created_by=TEXT, updated_at=INSTANT
)
_FILE = obj(name=TEXT, bytes=INTEGER)
_RUN = obj(
    id=INTEGER,
    schedule={"type": ["integer", "null"]},
    **{name: schema for name, schema in _PLAN.items() if name != "cron"},
    day={"type": "string", "format": "date"},
    asked_by=TEXT,
    due_at=INSTANT,
    status={"enum": [status.value for status in runs.RunStatus]},
    tries=INTEGER,
    started_at=_MAYBE_INSTANT,
    finished_at=_MAYBE_INSTANT,
    seconds=MAYBE_NUMBER,
    bytes=INTEGER,
    delivered={"type": "object", "additionalProperties": TEXT},
    note=TEXT,
    error=TEXT,
    files=listing(_FILE),
)
_ID = Parameter("id", "The schedule's id.", INTEGER, where="path")
_FILE_SCHEMA = {"type": "string", "contentMediaType": "application/octet-stream"}
#: A report runs its own scripts only, and as a stranger to the app that shows it.
_SANDBOX = (
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data: blob:; frame-ancestors 'self'"
)


def _mailbox(value: str) -> str:
    if not _ADDRESS.fullmatch(value) or len(value) > 254:
        raise ValueError(f"{value[:60]!r} is no mail address")
    return value


def _zone(value: str) -> str:
    if value and value not in available_timezones():
        raise ValueError(f"{value[:60]!r} is no IANA time zone such as Europe/Berlin")
    return value


def _cron(value: str) -> str:
    if value:
        cron.check(value)
    return " ".join(value.split())


class ScheduleBody(BaseModel):
    """A schedule. It is due at `cron` on the clock of `zone` (default: the server's), or else at 07:00 on the day after
    the period. `filter` is a query string such as agent=roxy&queue=billing."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    period: Period
    cron: Annotated[str, Field(max_length=100), AfterValidator(_cron)] = ""
    zone: Annotated[str, AfterValidator(_zone)] = ""
    filter: Annotated[str, Field(max_length=4000)] = ""
    forms: Annotated[list[Form], Field(min_length=1, max_length=4)] = [Form.PDF]
    recipients: Annotated[list[Annotated[str, AfterValidator(_mailbox)]], Field(max_length=100)] = []
    channels: Annotated[list[Literal["folder", "bucket", "webhook"]], Field(max_length=3)] = []
    paused: bool = False

    def plan(self) -> Plan:
        """What is to be stored; ApiError where the settings lack what it needs."""
        zone = self.zone or services().settings.timezone
        made_of = Plan(
            name=self.name,
            period=self.period.value,
            zone=zone,
            query=_filter(self.filter, zone),
            forms=[form.value for form in Form if form in self.forms],
            recipients=list(dict.fromkeys(self.recipients)),
            channels=list(dict.fromkeys(self.channels)),
            cron=self.cron or AT_SEVEN[self.period],
            paused=self.paused,
        )
        for channel in [*(["mail"] if made_of.recipients else []), *made_of.channels]:
            if missing := services().reports.ways.missing(channel):
                raise ApiError(409, "not_configured", f"{channel}: the setting {missing} is missing.")
        return made_of


_NOT_FILTERS = ("from", "to", "zone", "compare", "kiosk")


def _filter(query: str, zone: str) -> str:
    """The query string without what is no filter; BadFilter for a bad one."""
    pairs = [(name, value) for name, value in parse_qsl(query.lstrip("?")) if name not in _NOT_FILTERS]
    found = urlencode(pairs)
    calls_of(found, zone)
    return found


@endpoint(
    blueprint, "GET", "/api/reports/schedules", "Scheduled reports, by name",
    answer=obj(schedules=listing(_SCHEDULE)), errors=(503,),
)  # fmt: skip
def get_schedules() -> Response:
    found = schedules.all_schedules(services().record)
    return json_answer({"schedules": [_schedule(each) for each in found]})


@endpoint(
    blueprint, "POST", "/api/reports/schedules", "Schedule a report", body=ScheduleBody.model_json_schema(),
    answer=_SCHEDULE, status=201, errors=(400, 409, 413, 503, 507),
)  # fmt: skip
def post_schedule() -> Response:
    plan = read_json(ScheduleBody).plan()
    made_now = schedules.add(services().record, plan, _who(), now_micros())
    audit("report scheduled", plan.name, after=_schedule(made_now))
    return json_answer(_schedule(made_now), 201)


@endpoint(
    blueprint, "PUT", "/api/reports/schedules/<int:id>", "Change a scheduled report, pause it or go on with it",
    parameters=[_ID], body=ScheduleBody.model_json_schema(), answer=_SCHEDULE, errors=(400, 404, 409, 413, 503, 507),
)  # fmt: skip
def put_schedule(id: int) -> Response:  # noqa: A002 - the path says so
    plan, before = read_json(ScheduleBody).plan(), _found(id)
    try:
        after = schedules.change(services().record, before, plan, now_micros())
    except LookupError:
        raise _no_schedule(id) from None
    audit("report changed", plan.name, before=_schedule(before), after=_schedule(after))
    return json_answer(_schedule(after))


@endpoint(
    blueprint, "DELETE", "/api/reports/schedules/<int:id>", "Delete a scheduled report; its ledger stays",
    parameters=[_ID], answer=obj(id=INTEGER), errors=(404, 503, 507),
)  # fmt: skip
def delete_schedule(id: int) -> Response:  # noqa: A002 - the path says so
    before = _found(id)
    if not schedules.remove(services().record, id):
        raise _no_schedule(id)
    audit("report deleted", before.plan.name, before=_schedule(before))
    return json_answer({"id": id})


@endpoint(
    blueprint, "POST", "/api/reports/schedules/<int:id>/run", "Make and send a scheduled report at once",
    parameters=[_ID], answer=obj(run=INTEGER), status=202, errors=(404, 503, 507),
)  # fmt: skip
def run_schedule(id: int) -> Response:  # noqa: A002 - the path says so
    schedule = _found(id)
    run = services().reports.scheduler.ask(schedule, _who())
    audit("report run", schedule.plan.name, after={"run": run})
    return json_answer({"run": run}, 202)


@endpoint(
    blueprint, "GET", "/api/reports/runs", "The ledger of reports, newest first",
    parameters=[
        Parameter("limit", "At most so many lines (1 to 200). Default: 50.", INTEGER),
        Parameter("before", "Only lines with a lower id.", INTEGER),
    ],
    answer=obj(runs=listing(_RUN)), errors=(400, 503),
)  # fmt: skip
def get_runs() -> Response:
    record, limit = services().record, whole_number("limit", 50, 1, 200)
    before = whole_number("before", 0, 0, 999_999_999) or None
    found = runs.ledger(record, limit, before)
    with record.read() as connection:
        files = runs.files_of(connection, [run.id for run in found])
    return json_answer({"runs": [_run(run, files[run.id]) for run in found]})


@endpoint(
    blueprint, "GET", "/api/reports/runs/<int:run>/<name>", "A file that a run made",
    parameters=[Parameter("run", "The run's id.", INTEGER, where="path"),
                Parameter("name", "The file's name, as the ledger has it.", where="path")],
    answer=_FILE_SCHEMA, errors=(404, 503),
)  # fmt: skip
def get_file(run: int, name: str) -> Response:
    return _file(run, name)


@endpoint(
    blueprint, "GET", "/api/reports/files/<token>", "A file that a run made, by a signed link; it is good for a week",
    parameters=[Parameter("token", "As the link has it.", where="path")], answer=_FILE_SCHEMA, errors=(404, 410, 503),
)  # fmt: skip
def get_linked(token: str) -> Response:
    found = services().reports.links.read(token)
    if found is None:
        raise ApiError(410, "gone", "This link is not valid, or not any more.")
    return _file(*found)


@endpoint(
    blueprint, "GET", "/api/reports/report.<form>", "The report of a period, made at once",
    parameters=[
        Parameter("form", "html, pdf, xlsx or csv.", {"enum": [form.value for form in Form]}, where="path"),
        Parameter("period", "daily, weekly or monthly.", {"enum": [each.value for each in Period]}),
        Parameter("date", "A day of the period. Default: the last one that is over.", TEXT | {"format": "date"}),
        *(each for each in FILTERS if each.name not in ("from", "to")),
    ],
    answer=_FILE_SCHEMA, errors=(400, 404, 503),
)  # fmt: skip
def get_report(form: str) -> Response:
    if form not in list(Form):
        raise ApiError(404, "not_found", f"A report comes as {', '.join(Form)}.")
    period = choice("period", Period.WEEKLY.value, [each.value for each in Period]) or ""
    day = request.args.get("date")
    try:
        chosen = date.fromisoformat(day) if day else None
    except ValueError:
        raise ApiError(400, "bad_parameter", "date: must be a day such as 2026-01-31") from None
    args = MultiDict([(k, v) for k, v in request.args.items(multi=True) if k not in ("from", "to")])
    try:
        report = services().reports.maker.report(Asked(Period(period), services().parse(args).filter, chosen))
    except NothingYet as error:
        raise ApiError(400, "bad_parameter", f"date: {error}") from None
    found = made(report, [Form(form)])
    if form not in {name.rpartition(".")[2] for name in found.files}:
        raise ApiError(503, "no_browser", " ".join(found.missing))
    name, body = next((n, b) for n, b in found.files.items() if n.endswith(form))
    return _sent(name, body, inline=form == Form.HTML)


def _file(run: int, name: str) -> Response:
    with services().record.read() as connection:
        body = runs.file(connection, run, name)
    if body is None:
        raise ApiError(404, "not_found", "There is no such file; they are kept for 30 days.")
    return _sent(name, body, inline=False)


def _sent(name: str, body: bytes, *, inline: bool) -> Response:
    kind = "message/rfc822" if name == MESSAGE else MEDIA_TYPES[name.rpartition(".")[2]]
    response = Response(body, mimetype=kind)
    response.headers["Content-Disposition"] = f'{"inline" if inline else "attachment"}; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = _SANDBOX
    if not inline:
        audit("report exported", name)
    else:
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _found(schedule_id: int) -> Schedule:
    found = schedules.find(services().record, schedule_id)
    if found is None:
        raise _no_schedule(schedule_id)
    return found


def _no_schedule(schedule_id: int) -> ApiError:
    return ApiError(404, "not_found", f"There is no schedule {schedule_id}.")


def _who() -> str:
    who = current()
    return who.name if who is not None else "nobody"


def _schedule(each: Schedule) -> dict[str, Any]:
    return {
        "id": each.id,
        **_told(each.plan),
        "cron": each.plan.cron,
        "paused": each.plan.paused,
        "next_at": to_iso(each.next_at),
        "created_by": each.created_by,
        "updated_at": to_iso(each.updated_at),
    }


def _told(plan: Plan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "period": plan.period,
        "zone": plan.zone,
        "filter": plan.query,
        "forms": list(plan.forms),
        "recipients": list(plan.recipients),
        "channels": list(plan.channels),
    }


def _run(run: Run, files: dict[str, int]) -> dict[str, Any]:
    return {
        "id": run.id,
        "schedule": run.schedule_id,
        **_told(run.plan),
        "day": run.day.isoformat(),
        "asked_by": run.asked_by,
        "due_at": to_iso(run.due_at),
        "status": run.status.value,
        "tries": run.tries,
        "started_at": to_iso(run.started_at),
        "finished_at": to_iso(run.finished_at),
        "seconds": run.seconds,
        "bytes": run.bytes,
        "delivered": dict(run.delivered),
        "note": run.note,
        "error": run.error,
        "files": [{"name": name, "bytes": size} for name, size in files.items()],
    }
