"""What happened beside the calls: versions that went live, alerts that began to fire."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import select

from data.deployments import list_deployments
from data.models import alert_transitions
from data.record import Record

_MOST = 30
_MILLISECOND = 1000


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at an instant (UTC microseconds), in words; kind: deployment or alert."""

    at: int
    kind: str
    text: str


def marks(record: Record, start: int, end: int) -> list[Mark]:
    """The deployments and alerts of [start, end), newest first, at most 30 of each."""
    found = [
        Mark(one["at"], "deployment", f"{one['service']} {one['version']} deployed" + _note(one["note"]))
        for one in list_deployments(record, start, end)[:_MOST]
    ]
    c = alert_transitions.c
    query = select(c.at, c.rule, c.labels).where(c.after == "firing", c.before != "firing")
    query = query.where(c.at >= start // _MILLISECOND, c.at < end // _MILLISECOND).order_by(c.at.desc()).limit(_MOST)
    with record.read() as connection:
        for row in connection.execute(query):
            severity = json.loads(row.labels).get("severity", "")
            found.append(Mark(row.at * _MILLISECOND, "alert", f"{row.rule} fired" + _note(severity)))
    return sorted(found, key=lambda mark: mark.at, reverse=True)


def _note(text: str) -> str:
    return f" ({text})" if text else ""
