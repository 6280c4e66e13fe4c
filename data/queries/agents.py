"""Agents side by side."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import select

from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.kpis import COUNTS, KPIS, among_counted
from data.models import calls

FIGURES = (
    "success_rate",
    "error_rate",
    "avg_duration_seconds",
    "p95_duration_seconds",
    "csat",
    "avg_latency_ms",
    "cost",
)
_COLUMNS = [among_counted(KPIS[n].sql).label("calls" if n == "total_calls" else n) for n in ("total_calls", *FIGURES)]


def agents(copy: AnalyticCopy, chosen: CallFilter) -> pd.DataFrame:
    """One row an agent: agent, calls and its figures; most calls first. Calls without an agent are left out."""
    query = (
        chosen.apply(select(calls.c.agent, *_COLUMNS)).where(COUNTS, calls.c.agent.is_not(None)).group_by(calls.c.agent)
    )
    return copy.frame(query, "agents").sort_values(["calls", "agent"], ascending=[False, True], ignore_index=True)
