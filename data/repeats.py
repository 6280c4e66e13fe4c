"""Callers who call again: the next call of the same caller, whoever takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from data.kept import CALLER
from data.kpis import COUNTS
from data.models import calls
from data.times import DAY

#: How soon a caller has to call again (microseconds), by the name in the query string.
AGAIN: Mapping[str, int] = {"24h": DAY, "7d": 7 * DAY}


def known_callers(start: int | None, end: int | None, within: int, *columns: ColumnElement[Any]) -> Select[Any]:
    """These columns of the counted calls with a known caller in [start, end + within)."""
    query = select(*columns).where(COUNTS, CALLER.is_not(None))
    if start is not None:
        query = query.where(calls.c.started_at >= start)
    if end is not None:
        query = query.where(calls.c.started_at < end + within)
    return query


def called_again(start: int | None, end: int | None, again: str) -> ColumnElement[bool]:
    """Whether the caller of a call of [start, end) called again so soon (a name of AGAIN)."""
    within = AGAIN[again]
    following = func.lead(calls.c.started_at).over(partition_by=CALLER, order_by=(calls.c.started_at, calls.c.id))
    gap = (following - calls.c.started_at).label("gap")
    found = known_callers(start, end, within, calls.c.id, gap).subquery()
    return calls.c.id.in_(select(found.c.id).where(found.c.gap <= within))
