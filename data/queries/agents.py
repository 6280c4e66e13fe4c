"""Agents side by side."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import select

from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.kpis import COUNTS, KPIS
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


def agents(copy: AnalyticCopy, chosen: CallFilter) -> pd.DataFrame:
    """One row an agent: agent, calls and its figures; most calls first. Calls without an agent are left out."""
    columns = [calls.c.agent, KPIS["total_calls"].sql.label("calls"), *(KPIS[n].sql.label(n) for n in FIGURES)]
    query = chosen.apply(select(*columns)).where(COUNTS, calls.c.agent.is_not(None)).group_by(calls.c.agent)
    return copy.frame(query, "agents").sort_values(["calls", "agent"], ascending=[False, True], ignore_index=True)
