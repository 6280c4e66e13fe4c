"""The feed: calls and alerts in one order of time."""

from __future__ import annotations

from collections.abc import Iterable

from alerts.history import Event, events
from app.format import words
from data.queries.overview import Activity
from data.record import Record

_SEVERITY = {"critical": "error", "info": "info"}


def with_alerts(calls: Iterable[Activity], record: Record, start: int, end: int, limit: int) -> list[Activity]:
    """The newest of these calls and of what alerts did in [start, end) (UTC microseconds), newest first."""
    alerts = [_activity(event) for event in events(record, start // 1000, -(-end // 1000), limit)]
    return sorted([*calls, *alerts], key=lambda one: -one.timestamp)[:limit]


def _activity(event: Event) -> Activity:
    name = words(event.labels.get("alertname", "Alert"))
    summary = event.annotations.get("summary", "")
    return Activity(
        id=f"alert/{event.id}",
        type="alert",
        message=f"Resolved: {name}" if event.resolved else f"{name}: {summary}" if summary else name,
        severity="success" if event.resolved else _SEVERITY.get(event.labels.get("severity", ""), "warning"),
        timestamp=event.at * 1000,
        fingerprint=event.fingerprint,
    )
