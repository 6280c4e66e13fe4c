"""Alerts as they stand and as they were, who took note of them, and what an Alertmanager tells."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict

from alerts.board import BoardAlert, NotAcknowledgeable
from alerts.dispatch.store import Acknowledgement
from alerts.history import Incident, RuleHistory, by_rule, incidents, mean
from app.api.body import Comment, Name, read_json
from app.api.describe import (
    INSTANT,
    INTEGER,
    MAYBE_NUMBER,
    MAYBE_TEXT,
    TEXT,
    Parameter,
    Schema,
    choice,
    endpoint,
    json_answer,
    listing,
    obj,
)
from app.api.errors import ApiError
from app.auth.current import audit, author
from app.auth.identity import LOCAL
from app.services import services
from data.times import now_micros, to_iso

blueprint = Blueprint("alerts", __name__)

_STATES = ("firing", "pending", "acknowledged", "resolved")
_TEXTS: Schema = {"type": "object", "additionalProperties": TEXT}
_MAYBE_INSTANT: Schema = {"type": ["string", "null"], "format": "date-time"}
_NOTE: Schema = {"type": ["object", "null"], "properties": {"who": TEXT, "comment": TEXT, "at": INSTANT}}
_ALERT = obj(
    fingerprint=TEXT,
    name=TEXT,
    severity=TEXT,
    state={"type": "string", "enum": ["firing", "pending", "resolved"]},
    labels=_TEXTS,
    annotations=_TEXTS,
    value=MAYBE_NUMBER,
    since=INSTANT | {"description": "when it came into its state"},
    active_at=INSTANT,
    fired_at=_MAYBE_INSTANT,
    resolved_at=_MAYBE_INSTANT,
    origin={"type": "string", "enum": ["rules", "alertmanager", "prometheus"]},
    rule_group=MAYBE_TEXT,
    expression=MAYBE_TEXT,
    acknowledged=_NOTE,
    silenced_by=listing(TEXT | {"description": "ids of silences"}),
    inhibited_by=listing(TEXT | {"description": "fingerprints of alerts"}),
    receivers=listing(TEXT | {"description": "of its routes; whether each is configured: /api/alerts/receivers"}),
    next_notification_at=_MAYBE_INSTANT,
)
_FINGERPRINT = Parameter("fingerprint", "The alert's fingerprint: 16 hexadecimal digits.", where="path")
_INCIDENT = obj(
    fingerprint=TEXT,
    name=TEXT,
    severity=TEXT,
    labels=_TEXTS,
    annotations=_TEXTS,
    fired_at=INSTANT,
    resolved_at=_MAYBE_INSTANT,
    acknowledged=_NOTE,
    seconds_to_acknowledge=MAYBE_NUMBER,
    seconds_to_resolve=MAYBE_NUMBER,
)
_RULE = obj(
    name=TEXT,
    severity=TEXT,
    fired=INTEGER,
    acknowledged=INTEGER,
    mtta_seconds=MAYBE_NUMBER,
    mttr_seconds=MAYBE_NUMBER,
    firing_seconds=MAYBE_NUMBER,
)


class Note(BaseModel):
    """Who takes note of an alert; of a person who is signed in, and of a program's key, it is known."""

    model_config = ConfigDict(extra="forbid", strict=True)

    who: Name | None = None
    comment: Comment = ""


@endpoint(
    blueprint,
    "GET",
    "/api/alerts",
    "Alerts that are pending or firing, and those resolved in the last 15 minutes; the worst first",
    parameters=[
        Parameter(
            "state",
            "Only these: firing (acknowledged ones too), pending, acknowledged (firing, and somebody took note), "
            "resolved.",
            {"type": "string", "enum": list(_STATES)},
        )
    ],
    answer=obj(alerts=listing(_ALERT), counts=obj(**dict.fromkeys(_STATES, INTEGER))),
    errors=(400,),
)
def get_alerts() -> Response:
    wanted = choice("state", None, _STATES)
    found = services().alerts()
    chosen = [alert for alert in found if wanted is None or _is(alert, wanted)]
    counts = {state: sum(_is(alert, state) for alert in found) for state in _STATES}
    return json_answer({"alerts": [shown(alert) for alert in chosen], "counts": counts})


def _is(alert: BoardAlert, state: str) -> bool:
    if state == "acknowledged":
        return alert.state == "firing" and alert.acknowledged is not None
    return alert.state == state


@endpoint(
    blueprint,
    "GET",
    "/api/alerts/<fingerprint>",
    "One alert",
    parameters=[_FINGERPRINT],
    answer=_ALERT,
    errors=(404,),
)
def get_alert(fingerprint: str) -> Response:
    return json_answer(shown(_known(fingerprint)))


@endpoint(
    blueprint,
    "POST",
    "/api/alerts/<fingerprint>/ack",
    "Take note of an alert: it goes on firing, and says who looks after it",
    parameters=[_FINGERPRINT],
    body=Note.model_json_schema(),
    answer=_ALERT,
    errors=(400, 404, 409, 503, 507),
)
def post_ack(fingerprint: str) -> Response:
    note = read_json(Note, empty=True)
    who = author(note.who or "") or LOCAL.name
    try:
        services().board.acknowledge(fingerprint, who, note.comment, now_micros() // 1000)
    except KeyError:
        raise _no_alert(fingerprint) from None
    except NotAcknowledgeable:
        raise ApiError(409, "resolved", "This alert is over.") from None
    audit("alert acknowledged", fingerprint, after={"who": who, "comment": note.comment})
    return json_answer(shown(_known(fingerprint)))


@endpoint(
    blueprint,
    "DELETE",
    "/api/alerts/<fingerprint>/ack",
    "Take back that somebody took note",
    parameters=[_FINGERPRINT],
    answer=_ALERT,
    errors=(404, 409, 503, 507),
)
def delete_ack(fingerprint: str) -> Response:
    try:
        taken_back = services().board.unacknowledge(fingerprint, now_micros() // 1000)
    except KeyError:
        raise _no_alert(fingerprint) from None
    if not taken_back:
        raise ApiError(409, "not_acknowledged", "Nobody has taken note of this alert.")
    audit("acknowledgement taken back", fingerprint)
    return json_answer(shown(_known(fingerprint)))


@endpoint(
    blueprint,
    "GET",
    "/api/alerts/history",
    "What began to fire in a time range, newest first, with mean times to acknowledge and to resolve by rule",
    parameters=[Parameter("from", "Start, as for /api/calls."), Parameter("to", "End (exclusive).")],
    answer=obj(
        incidents=listing(_INCIDENT), rules=listing(_RULE), mtta_seconds=MAYBE_NUMBER, mttr_seconds=MAYBE_NUMBER
    ),
    errors=(400, 503),
)
def get_history() -> Response:
    chosen, now = services().parse(request.args).filter, now_micros() // 1000
    found = incidents(services().record, (chosen.start or 0) // 1000, (chosen.end or now_micros()) // 1000, now)
    return json_answer(
        {
            "incidents": [_incident(each) for each in found],
            "rules": [_rule(each) for each in by_rule(found, now)],
            "mtta_seconds": _seconds(mean(each.ms_to_acknowledge for each in found)),
            "mttr_seconds": _seconds(mean(each.ms_to_resolve for each in found)),
        }
    )


def _known(fingerprint: str) -> BoardAlert:
    for alert in services().alerts():
        if alert.fingerprint == fingerprint:
            return alert
    raise _no_alert(fingerprint)


def _no_alert(fingerprint: str) -> ApiError:
    return ApiError(404, "not_found", f"No alert {fingerprint[:40]!r} is pending, firing or lately resolved.")


def iso(millis: int | None) -> str | None:
    """An instant (milliseconds) for JSON."""
    return to_iso(None if millis is None else millis * 1000)


def shown(alert: BoardAlert) -> dict[str, Any]:
    """An alert for JSON."""
    return {
        "fingerprint": alert.fingerprint,
        "name": alert.name,
        "severity": alert.severity,
        "state": alert.state,
        "labels": alert.labels,
        "annotations": alert.annotations,
        "value": alert.value,
        "since": iso(alert.since),
        "active_at": iso(alert.active_at),
        "fired_at": iso(alert.fired_at),
        "resolved_at": iso(alert.resolved_at),
        "origin": alert.origin or "rules",
        "rule_group": alert.group.name if alert.group else None,
        "expression": alert.rule.expr.strip() if alert.rule else None,
        "acknowledged": _note(alert.acknowledged),
        "silenced_by": alert.silenced_by,
        "inhibited_by": alert.inhibited_by,
        "receivers": alert.receivers,
        "next_notification_at": iso(alert.next_at),
    }


def _note(note: Acknowledgement | None) -> dict[str, Any] | None:
    return None if note is None else {"who": note.who, "comment": note.comment, "at": iso(note.at)}


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "fingerprint": incident.fingerprint,
        "name": incident.name,
        "severity": incident.severity,
        "labels": incident.labels,
        "annotations": incident.annotations,
        "fired_at": iso(incident.fired_at),
        "resolved_at": iso(incident.resolved_at),
        "acknowledged": _note(incident.acknowledged),
        "seconds_to_acknowledge": _seconds(incident.ms_to_acknowledge),
        "seconds_to_resolve": _seconds(incident.ms_to_resolve),
    }


def _rule(rule: RuleHistory) -> dict[str, Any]:
    return {
        "name": rule.name,
        "severity": rule.severity,
        "fired": rule.fired,
        "acknowledged": rule.acknowledged,
        "mtta_seconds": _seconds(rule.mtta),
        "mttr_seconds": _seconds(rule.mttr),
        "firing_seconds": _seconds(rule.firing_ms),
    }


def _seconds(millis: float | None) -> float | None:
    return None if millis is None else round(millis / 1000, 3)
