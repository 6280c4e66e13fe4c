"""Alerts for tests of the API and the pages: fired by hand on rules of the app."""

from __future__ import annotations

from typing import Any

from alerts.outside import Origin, OutsideAlert
from alerts.record import short
from alerts.states import Alert, State
from app.factory import App
from data.times import now_micros

HOUR = 3_600_000


def now_ms() -> int:
    return now_micros() // 1000


def fire(
    app: App, rule: str, *, state: State = State.FIRING, minutes: float = 3, value: float = 7.0, **labels: str
) -> str:
    """Let a rule's alert be in a state since some minutes; its fingerprint as others see it."""

    for _, states in app.services.rules.groups:
        for each in states:
            if each.rule.name == rule:
                since = now_ms() - int(minutes * 60_000)
                given = {**each.rule.labels, "alertname": rule, **labels}
                alert = Alert(given, {"summary": f"{rule} at {value:g}"}, value, since, state=state)
                alert.fired_at = None if state is State.PENDING else since
                alert.resolved_at = now_ms() if state is State.INACTIVE else None
                each.alerts.alerts[alert.fingerprint] = alert
                each.evaluated_at = now_ms()
                app.services.board.revision += 1
                return short(given)
    raise KeyError(rule)


def told(app: App, name: str = "DiskFull", *, minutes: float = 5, **labels: str) -> str:
    """Let an outside Alertmanager have told of an alert that fires since some minutes; its fingerprint."""
    now = now_ms()
    given = {"alertname": name, "severity": "warning", **labels}
    alert = OutsideAlert(Origin.ALERTMANAGER, given, {"summary": name}, now - int(minutes * 60_000), None, "", now)
    app.services.board.take([alert], now)
    return alert.fingerprint


def message(*alerts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A message of Alertmanager's webhook."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="DiskFull"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "voicehive",
        "groupLabels": {"alertname": "DiskFull"},
        "commonLabels": {"alertname": "DiskFull"},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": list(alerts) or [hooked()],
    } | fields


def hooked(**fields: Any) -> dict[str, Any]:
    """An alert of such a message."""
    return {
        "status": "firing",
        "labels": {"alertname": "DiskFull", "severity": "critical"},
        "annotations": {"summary": "The disk is full"},
        "startsAt": "2026-11-26T07:00:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph",
        "fingerprint": "0011223344556677",
    } | fields
