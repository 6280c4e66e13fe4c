"""How busy agents were while they were at work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import BigInteger, cast, func, literal_column, select

from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.kpis import COUNTS
from data.models import calls
from data.times import MINUTE, SECOND

c = calls.c
#: An agent without a call for longer than this (microseconds) is taken to have been away.
LONGEST_BREAK = 30 * MINUTE


@dataclass(frozen=True, slots=True)
class Occupancy:
    """agents: agent, calls, handled and active seconds; most handled first. percent: over all of them."""

    agents: pd.DataFrame
    handled: float
    active: float

    @property
    def percent(self) -> float | None:
        """Handled / active time; above 100 where agents have several calls at once. None where nobody was active."""
        return 100 * self.handled / self.active if self.active > 0 else None


def occupancy(copy: AnalyticCopy, chosen: CallFilter) -> Occupancy:
    """Of each agent: talk, hold and after-call time of the calls / time from their first to their last moment.

    Nobody reports when agents log in. So an agent is active while a call or its after-call work goes on, and between
    two calls that are at most LONGEST_BREAK apart.
    """
    zero = literal_column("0", BigInteger)
    handled = c.duration_seconds + func.coalesce(c.after_call_seconds, literal_column("0.0"))
    begin = func.coalesce(c.answered_at, c.started_at)
    done = begin + cast(func.floor(handled * SECOND), BigInteger)
    each = select(c.agent, begin.label("begin"), done.label("done"))
    each_call = chosen.apply(each).where(COUNTS, c.agent.is_not(None), c.duration_seconds.is_not(None)).subquery()
    e = each_call.c
    before = func.max(e.done).over(partition_by=e.agent, order_by=e.begin, rows=(None, -1))
    lined = select(e.agent, e.begin, e.done, before.label("before")).subquery().c
    gap = lined.begin - lined.before
    paused = func.greatest(gap, zero)
    # Without a call before there is no gap: NULL compares as false.
    kept = func.coalesce(func.nullif(paused * cast(gap <= LONGEST_BREAK, BigInteger), zero), zero)
    busy = func.greatest(lined.done - func.greatest(lined.begin, func.coalesce(lined.before, lined.begin)), zero)
    columns: list[Any] = [
        lined.agent,
        func.count().label("calls"),
        (func.sum(lined.done - lined.begin) / float(SECOND)).label("handled"),
        (func.sum(kept + busy) / float(SECOND)).label("active"),
    ]
    frame = copy.frame(select(*columns).group_by(lined.agent), "occupancy")
    frame = frame.astype({"handled": "float64", "active": "float64"})
    frame = frame.sort_values(["handled", "agent"], ascending=[False, True], ignore_index=True)
    return Occupancy(frame, float(frame["handled"].sum()), float(frame["active"].sum()))
