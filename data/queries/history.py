"""Calls as what a backtest counts: when each began and ended, how, by whom and how long it took."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from sqlalchemy import Select, func, or_, select

from data.kpis import COUNTS
from data.models import Status, calls
from data.queries.kpis import ACTIVE_TIMEOUT
from data.record import Record

#: Answers a query with a frame: the analytic copy's, or that of the record itself.
Ask = Callable[[Select[Any]], pd.DataFrame]


def call_history(ask: Ask, start: int, end: int) -> pd.DataFrame:
    """Calls that count or are in progress and were there in [start, end) (microseconds).

    Columns: started_at, ended_at (microseconds, NaN while in progress), status, agent, duration_seconds.
    """
    c = calls.c
    # No call lasts longer than a call that is in progress may be silent.
    ended = func.coalesce(c.ended_at, c.started_at).label("ended_at")
    query = select(c.started_at, ended, c.status, c.agent, c.duration_seconds).where(
        or_(COUNTS, c.status == Status.IN_PROGRESS), c.started_at >= start - ACTIVE_TIMEOUT, c.started_at < end
    )
    frame = ask(query)
    frame["ended_at"] = frame["ended_at"].astype("float64").where(frame["status"].astype(str) != Status.IN_PROGRESS)
    return frame


def of_record(record: Record) -> Ask:
    """Ask the record itself, beside a server that has the analytic copy open."""

    def ask(query: Select[Any]) -> pd.DataFrame:
        with record.read() as connection:
            result = connection.execute(query)
            return pd.DataFrame(result.all(), columns=list(result.keys()))

    return ask
