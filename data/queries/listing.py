"""Calls one by one: pages of a filtered list, and the newest activity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import and_, case, func, or_, select

from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.models import Status, calls

c = calls.c
_RECENT = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page of calls ended: the start of its last call and its row id."""

    started_at: int
    id: int


def newest_calls(copy: AnalyticCopy, chosen: CallFilter, *, limit: int, after: Position | None = None) -> pd.DataFrame:
    """Calls of the filter, newest first, at most `limit`, beyond `after`: a deep page costs what the first does.

    Columns: id, started_at. The rows themselves are read from the record.
    """
    query = chosen.apply(select(c.id, c.started_at))
    if after is not None:
        earlier = and_(c.started_at == after.started_at, c.id < after.id)
        query = query.where(c.started_at <= after.started_at, or_(c.started_at < after.started_at, earlier))
    return copy.frame(query.order_by(c.started_at.desc(), c.id.desc()).limit(limit), "list_calls")


def count_calls(copy: AnalyticCopy, chosen: CallFilter) -> int:
    """How many calls the filter holds, of any status."""
    return int(copy.frame(chosen.apply(select(func.count().label("n")).select_from(calls)), "count_calls")["n"][0])


def latest_events(copy: AnalyticCopy, chosen: CallFilter, *, limit: int, now: int) -> pd.DataFrame:
    """The newest starts and ends of the filter's calls: happened_at, and what the feed says of them."""
    happened = case((c.status == Status.IN_PROGRESS, c.started_at), else_=func.coalesce(c.ended_at, c.started_at))
    columns = (c.source, c.call_id, c.agent, c.queue, c.status, c.end_reason, c.duration_seconds)
    listed: list[Any] = [*columns, happened.label("happened_at")]
    query = (
        chosen.apply(select(*listed).where(c.status != Status.INVALID))
        .order_by(happened.desc(), c.id.desc())
        .limit(limit)
    )
    # A day is read in a moment, ten million calls are not; the whole range is only asked when its last day was quiet.
    last_day = min(chosen.end or now, now) - _RECENT
    frame = copy.frame(query.where(c.started_at >= last_day), "activity")
    return frame if len(frame) == limit else copy.frame(query, "activity")
