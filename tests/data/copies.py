"""Calls, and what an analytic copy holds of them, for the tests of the copy."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sqlalchemy import select

from data.analytics import COLUMNS, AnalyticCopy
from data.filters import CallFilter
from data.models import CallEvent, calls
from data.queries.kpis import KpiReport, kpi_report
from data.times import SECOND
from tests.data.support import T0, call

ROWS = 300


def history(count: int = ROWS) -> list[CallEvent]:
    """Calls that differ in every figure."""
    return [
        call(
            f"{n}",
            started_at=T0 + n * SECOND,
            status=("success", "error", "abandoned")[n % 3],
            agent=f"agent {n % 7}",
            duration_seconds=n / 3,
            csat=1.0 + n % 5,
        )
        for n in range(count)
    ]


def figures(copy: AnalyticCopy) -> KpiReport:
    return kpi_report(copy, CallFilter(), now=T0)


def held(copy: AnalyticCopy) -> pd.DataFrame:
    """All that the copy holds, in the order of the calls' ids."""
    return copy.frame(select(*(calls.c[name] for name in COLUMNS)).order_by(calls.c.id))


def of(copy: AnalyticCopy, call_id: str) -> dict[str, Any]:
    """What the copy holds of one call."""
    query = select(*(calls.c[name] for name in COLUMNS)).where(calls.c.call_id == call_id)
    found: Any = copy.frame(query).to_dict("records")[0]
    return {name: None if pd.isna(value) else value for name, value in found.items()}
