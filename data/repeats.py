"""Callers who call again: the next call of the same caller, whoever takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Subquery, func, select

from data.kpis import COUNTS
from data.models import calls
from data.times import DAY

#: How soon a caller has to call again (microseconds), by the name in the query string.
AGAIN: Mapping[str, int] = {"24h": DAY, "7d": 7 * DAY}


def gaps(start: int | None, end: int | None, within: int, *more: ColumnElement[Any]) -> Subquery:
    """Of each counted call with a known caller in [start, end + within): id, the time until its caller's next (gap),
    and what `more` makes of the call."""
    following = func.lead(calls.c.started_at).over(
        partition_by=calls.c.caller_hash, order_by=(calls.c.started_at, calls.c.id)
    )
    query = select(calls.c.id, (following - calls.c.started_at).label("gap"), *more)
    query = query.where(COUNTS, calls.c.caller_hash.is_not(None))
    if start is not None:
        query = query.where(calls.c.started_at >= start)
    if end is not None:
        query = query.where(calls.c.started_at < end + within)
    return query.subquery()


def called_again(start: int | None, end: int | None, again: str) -> ColumnElement[bool]:
    """Whether the caller of a call of [start, end) called again so soon (a name of AGAIN)."""
    within = AGAIN[again]
    found = gaps(start, end, within)
    return calls.c.id.in_(select(found.c.id).where(found.c.gap <= within))
