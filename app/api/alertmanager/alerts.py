"""Alerts that fire, in and out: /api/v2/alerts and /api/v2/alerts/groups."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Response, request

from alerts.board import BoardAlert
from alerts.outside import Origin, OutsideAlert
from app.addresses import alert_path
from app.api.alertmanager.envelope import (
    FILTER,
    Malformed,
    Refused,
    answer,
    blueprint,
    body,
    empty,
    matchers,
    meets,
    moment,
)
from app.api.describe import INSTANT, TEXT, Parameter, Schema, endpoint, listing, obj
from app.services import services
from data.regex import compiled
from data.times import from_datetime, now_micros

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_TRUE = frozenset(["true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"])
#: How long after a word an alert of ours counts as firing for others, as Prometheus has it: four of its rounds.
_ROUNDS, _LEAST_ROUND_MS = 4, 60_000
_MOST_ALERTS = 10_000

_TEXTS: Schema = {"type": "object", "additionalProperties": TEXT}
_ALERT = obj(
    annotations=_TEXTS,
    endsAt=INSTANT,
    fingerprint=TEXT,
    receivers=listing(obj(name=TEXT)),
    startsAt=INSTANT,
    status=obj(inhibitedBy=listing(TEXT), silencedBy=listing(TEXT), state=TEXT),
    updatedAt=INSTANT,
    labels=_TEXTS,
)
_POSTED: Schema = {
    "type": "object",
    "required": ["labels"],
    "properties": {
        "labels": _TEXTS, "annotations": _TEXTS, "startsAt": INSTANT, "endsAt": INSTANT, "generatorURL": TEXT
    },
}  # fmt: skip


def _flag(name: str) -> Parameter:
    return Parameter(name, f"false: without {name} ones.", {"type": "boolean", "default": True})


_SHARED = (_flag("active"), _flag("silenced"), _flag("inhibited"), FILTER)
_RECEIVER = Parameter("receiver", "Only alerts of receivers whose whole name matches this regular expression.")


@endpoint(
    blueprint,
    "GET",
    "/api/v2/alerts",
    "Alerts that fire",
    parameters=[*_SHARED, _flag("unprocessed"), _RECEIVER],
    answer=listing(_ALERT),
    errors=(400,),
    error=TEXT,
)
def get_alerts() -> Response:
    found = [alert for alert in _wanted() if _chosen(alert.receivers)]
    return answer([_shown(alert, alert.receivers) for alert in sorted(found, key=lambda alert: alert.fingerprint)])


@endpoint(
    blueprint,
    "GET",
    "/api/v2/alerts/groups",
    "Alerts that fire, grouped by the routes",
    parameters=[*_SHARED, _RECEIVER],
    answer=listing(obj(labels=_TEXTS, receiver=obj(name=TEXT), alerts=listing(_ALERT))),
    errors=(400,),
    error=TEXT,
)
def get_groups() -> Response:
    root = services().board.route()
    groups: dict[tuple[Any, ...], tuple[str, dict[str, str], list[BoardAlert]]] = {}
    for alert in sorted(_wanted(), key=lambda alert: alert.fingerprint):
        for route in root.match(alert.labels):
            if _chosen((route.receiver,)):
                labels = route.group_labels(alert.labels)
                group = groups.setdefault((route.place, *labels.items()), (route.receiver, labels, []))
                group[2].append(alert)
    ordered = sorted(groups.values(), key=lambda group: (len(group[1]), list(group[1].items()), group[0]))
    return answer([_group(*group) for group in ordered])


def _group(receiver: str, labels: dict[str, str], alerts: list[BoardAlert]) -> dict[str, Any]:
    shown = [_shown(alert, _chosen(alert.receivers)) for alert in alerts]
    return {"alerts": shown, "labels": labels, "receiver": {"name": receiver}}


@endpoint(
    blueprint,
    "POST",
    "/api/v2/alerts",
    "Alerts that another Prometheus has judged: the routes here tell of them",
    body=listing(_POSTED),
    answer={},
    errors=(400, 413, 415, 422),
    error={},
)
def post_alerts() -> Response:
    posted, now = body(), now_micros() // 1000
    if not isinstance(posted, list) or len(posted) > _MOST_ALERTS:
        raise Malformed(400, 400, f'parsing alerts body from "" failed, because it is no list of up to {_MOST_ALERTS}')
    timeout = services().board.config.common.resolve_timeout
    read = [_posted(place, each, now, timeout) for place, each in enumerate(posted)]
    faults = [each for each in read if isinstance(each, str)]
    services().board.take([each for each in read if isinstance(each, OutsideAlert)], now)
    if faults:
        # Those that are sound are taken all the same.
        raise Refused(400, "; ".join(faults))
    return empty()


def _wanted() -> list[BoardAlert]:
    """The firing alerts that the request asks for, receivers left aside."""
    conditions = matchers()
    active, silenced, inhibited = (_is_true(name) for name in ("active", "silenced", "inhibited"))
    return [
        alert
        for alert in services().alerts()
        if alert.state == "firing"
        and alert.origin is not Origin.ALERTMANAGER
        and meets(conditions, dict(alert.labels))
        and (active or alert.silenced_by or alert.inhibited_by)
        and (silenced or not alert.silenced_by)
        and (inhibited or not alert.inhibited_by)
    ]


def _is_true(name: str) -> bool:
    return request.args.get(name, "true").lower() in _TRUE


def _chosen(receivers: Sequence[str]) -> list[str]:
    """Those that the request asks for."""
    text = request.args.get("receiver", "")
    if not text:
        return list(receivers)
    try:
        pattern = compiled(f"^(?:{text})$", text)
    except ValueError as error:
        raise Refused(400, f"failed to parse receiver param: error parsing regexp: {error}") from None
    return [each for each in receivers if pattern.fullmatch(each) is not None]


def _shown(alert: BoardAlert, receivers: Sequence[str]) -> dict[str, Any]:
    starts_at = alert.active_at if alert.fired_at is None else alert.fired_at
    interval = alert.group.interval if alert.group else 0
    ends_at = alert.updated_at + _ROUNDS * max(interval, _LEAST_ROUND_MS) if alert.ends_at is None else alert.ends_at
    return {
        "annotations": alert.annotations,
        "endsAt": moment(ends_at),
        "fingerprint": alert.fingerprint,
        "receivers": [{"name": name} for name in receivers],
        "startsAt": moment(starts_at),
        "status": {
            "inhibitedBy": alert.inhibited_by,
            "silencedBy": alert.silenced_by,
            "state": "suppressed" if alert.silenced_by or alert.inhibited_by else "active",
        },
        "updatedAt": moment(alert.updated_at),
        "generatorURL": alert.generator_url or request.host_url.rstrip("/") + alert_path(alert.fingerprint),
        "labels": alert.labels,
    }


def _posted(place: int, given: Any, now: int, timeout: int) -> OutsideAlert | str:
    """The alert, or what is wrong with it; Malformed where it has not the form of one."""
    if not isinstance(given, dict):
        raise Malformed(400, 400, f'parsing alerts body from "" failed, because alert {place} is not an object')
    if given.get("labels") is None:
        raise Malformed(422, 602, f"{place}.labels in body is required")
    labels, annotations = (_texts(given.get(name) or {}) for name in ("labels", "annotations"))
    starts_at, ends_at = (_time(given.get(name)) for name in ("startsAt", "endsAt"))
    generator_url = _text(given.get("generatorURL") or "")
    if starts_at is None:
        starts_at = now if ends_at is None else ends_at
    if ends_at is None:
        ends_at = now + timeout
    labels = {name: value for name, value in labels.items() if value}
    if starts_at > ends_at:
        return "start time must be before end time"
    if not labels:
        return "at least one label pair required"
    for what, names in (("label", labels), ("annotation", annotations)):
        for name in names:
            if not _LABEL.fullmatch(name):
                return f'invalid {what} set: invalid name "{name}"'
    return OutsideAlert(Origin.PROMETHEUS, labels, annotations, starts_at, ends_at, generator_url, now)


def _texts(given: Any) -> dict[str, str]:
    if not isinstance(given, dict):
        raise Malformed(400, 400, 'parsing alerts body from "" failed, because labels are not an object of texts')
    return {name: _text(value) for name, value in given.items()}


def _text(given: Any) -> str:
    if not isinstance(given, str) or "\0" in given:
        raise Malformed(400, 400, f'parsing alerts body from "" failed, because {str(given)[:40]!r} is not a text')
    return given


def _time(given: Any) -> int | None:
    """Milliseconds; None for no time."""
    if given in (None, ""):
        return None
    try:
        moment_given = datetime.fromisoformat(given)
        return None if moment_given.year == 1 else from_datetime(moment_given) // 1000
    except (TypeError, ValueError):
        raise Malformed(
            400, 400, f'parsing alerts body from "" failed, because parsing time "{given}" failed'
        ) from None
