"""All that one caller called."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from data.analytics import AnalyticCopy
from data.models import calls

#: Of a caller who calls more often (a trunk line, a test) only the calls around this one are looked at.
_MOST = 200


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A call: its key, its start (UTC microseconds), its status, its agent."""

    source: str
    call_id: str
    started_at: int
    status: str
    agent: str | None


def same_caller(copy: AnalyticCopy, caller_hash: str, started_at: int) -> tuple[list[Neighbour], list[Neighbour]]:
    """The calls of this caller before an instant and after it, each list beginning with the nearest."""
    c = calls.c
    query = select(c.source, c.call_id, c.started_at, c.status, c.agent).where(c.caller_hash == caller_hash)
    earlier = query.where(c.started_at < started_at).order_by(c.started_at.desc(), c.id.desc()).limit(_MOST)
    later = query.where(c.started_at > started_at).order_by(c.started_at, c.id).limit(_MOST)
    found = []
    for each in (earlier, later):
        frame = copy.frame(each, "same_caller").astype(object)
        rows = frame.where(frame.notna(), None).to_dict("records")
        found.append([Neighbour(**{str(name): value for name, value in row.items()}) for row in rows])
    return found[0], found[1]
