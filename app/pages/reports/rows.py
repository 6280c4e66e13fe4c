"""Schedules and runs as rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from app.components.plain import Children, Plain, h
from app.format import duration, size
from app.pages.alerts.words import ago, due, nothing, tag
from app.reports.making import calls_of
from app.reports.periods import AT_SEVEN, Period
from app.reports.sending import MESSAGE
from app.reports.words import conditions
from data.reporting.runs import Run, RunStatus
from data.reporting.schedules import Plan, Schedule

_TINTS = {RunStatus.DONE: "good", RunStatus.FAILED: "error", RunStatus.WAITING: "quiet"}
_STATUS = {RunStatus.DONE: "delivered", RunStatus.SENDING: "being sent", RunStatus.RUNNING: "being made"}
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CHANNELS = {"folder": "the folder", "bucket": "the bucket", "webhook": "the webhook"}
_TIME = re.compile(r"(\d{1,2}) (\d{1,2}) (\*|\d{1,2}) \* (\*|[0-7])")
_MS = 1000


def schedule_rows(found: Sequence[Schedule], last: Mapping[int, Run], zone: str) -> list[Plain]:
    """All schedules, each with what can be done about it."""
    if not found:
        return [
            nothing(
                "No report is scheduled. Managers who never open the app can have one by mail every week.",
                h("Button", "Schedule a report", type="button", cls="vh-button vh-primary", data_report="new"),
            )
        ]
    return [h("Ul", [_schedule(each, last.get(each.id), zone) for each in found], cls="al-rows")]


def _schedule(each: Schedule, last: Run | None, zone: str) -> Plain:
    plan = each.plan
    state: Children = ["next ", due(each.next_at // _MS, zone)] if each.next_at else tag("paused")
    status = [_status(last)] if last else []
    lines = [
        h("Div", h("Strong", plan.name), cls="rp-name"),
        h("Div", f"{_about(plan)}, {when(plan.cron)} ({plan.zone}) to {_whom(plan)}", cls="rp-what"),
        *([h("Div", "; ".join(narrowed), cls="rp-what")] if (narrowed := _narrowed(plan)) else []),
        *([h("Div", last.error, cls="rp-error")] if last and last.error else []),
    ]
    buttons = [
        _act("Run now", "run", each),
        _act("Edit", "edit", each, data_plan=json.dumps(_plan(plan))),
        _act("Go on" if plan.paused else "Pause", "pause", each, data_plan=json.dumps(_plan(plan))),
        _act("Delete", "delete", each, data_name=plan.name),
    ]
    return h(
        "Li",
        [
            h("Div", lines, cls="rp-text"),
            h("Div", [*status, h("Span", state, cls="rp-next")], cls="rp-state"),
            h("Div", buttons, cls="rp-buttons"),
        ],
        cls="rp-row",
        key=str(each.id),
    )


def _act(text: str, what: str, each: Schedule, **data: str) -> Plain:
    return h("Button", text, type="button", cls="vh-button", data_report=what, data_id=str(each.id), **data)


def ledger_rows(found: Sequence[Run], files: Mapping[int, Mapping[str, int]], zone: str) -> list[Plain]:
    """Runs, newest first, with their files."""
    if not found:
        return [nothing("Nothing was made yet. Each run of a schedule gets a line here, with its files.")]
    return [h("Ul", [_run(run, files[run.id], zone) for run in found], cls="al-rows")]


def _run(run: Run, files: Iterable[str], zone: str) -> Plain:
    facts = [f"by {run.asked_by}"] if run.asked_by != "schedule" else []
    facts += [f"to {_whom(run.plan)}"]
    facts += [f"in {duration(run.seconds)}"] if run.seconds is not None else []
    facts += [size(run.bytes)] if run.bytes else []
    facts += [f"{run.tries} tries"] if run.tries > 1 else []
    links = [
        h("A", name.rpartition(".")[2].upper(), href=f"/api/reports/runs/{run.id}/{quote(name)}", cls="rp-file",
          title=name)
        for name in files if name != MESSAGE
    ]  # fmt: skip
    lines = [
        h("Div", [h("Strong", run.plan.name), h("Span", f" {_period(run)}", cls="vh-note")], cls="rp-name"),
        h("Div", ", ".join(facts), cls="rp-what"),
        *([h("Div", run.note, cls="rp-what")] if run.note else []),
        *([h("Div", run.error, cls="rp-error")] if run.error else []),
    ]
    at = run.finished_at or run.started_at or run.due_at
    return h(
        "Li",
        [
            h("Div", lines, cls="rp-text"),
            h("Div", [_status(run), h("Span", ago(at // _MS, zone), cls="rp-next")], cls="rp-state"),
            h("Div", links, cls="rp-buttons"),
        ],
        cls="rp-row",
        key=str(run.id),
    )


def _status(run: Run) -> Plain:
    # What goes to nobody is made, and that is all.
    text = "made" if run.status is RunStatus.DONE and not run.channels else _STATUS.get(run.status, run.status.value)
    return tag(text, _TINTS.get(run.status, "abandoned"))


def _period(run: Run) -> str:
    if run.plan.period == "monthly":
        return f"{run.day:%B %Y}"
    return f"{'week of ' if run.plan.period == 'weekly' else ''}{run.day.day} {run.day:%b %Y}"


def _about(plan: Plan) -> str:
    forms = ", ".join(form.upper() for form in plan.forms)
    return f"{plan.period.capitalize()} as {forms}"


def _whom(plan: Plan) -> str:
    shown = [*plan.recipients[:2], *([f"{len(plan.recipients) - 2} more"] if len(plan.recipients) > 2 else [])]
    return ", ".join([*shown, *(_CHANNELS[channel] for channel in plan.channels)]) or "the ledger only"


def _narrowed(plan: Plan) -> list[str]:
    return conditions(calls_of(plan.query, plan.zone))


def when(cron: str) -> str:
    """every day at 07:00 · every Monday at 07:00 · on day 1 of the month at 07:00; else the expression in quotes."""
    found = _TIME.fullmatch(cron)
    if not found:
        return f"at “{cron}”"
    minute, hour, day, weekday = found.groups()
    at = f"{int(hour):02d}:{int(minute):02d}"
    if day != "*" and weekday == "*":
        return f"on day {day} of the month at {at}"
    if weekday != "*" and day == "*":
        return f"every {_DAYS[int(weekday)]} at {at}"
    return f"every day at {at}" if day == weekday == "*" else f"at “{cron}”"


def _plan(plan: Plan) -> dict[str, object]:
    """As the API takes it; the usual time stays unsaid, so that it follows the period."""
    own = "" if plan.cron == AT_SEVEN[Period(plan.period)] else plan.cron
    return {
        "name": plan.name, "period": plan.period, "cron": own, "zone": plan.zone, "filter": plan.query,
        "forms": list(plan.forms), "recipients": list(plan.recipients), "channels": list(plan.channels),
        "paused": plan.paused,
    }  # fmt: skip
