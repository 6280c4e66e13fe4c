"""The key figures of a filter beside those of the fair previous period."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Select, func, select

from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.kpis import COVERAGE, KPIS, SERVICE_LEVEL_SECONDS, service_level
from data.models import Status, calls

Value = float | int | None
#: A call in progress of which nothing was heard for so long (microseconds) is not active any more.
ACTIVE_TIMEOUT = 4 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class KpiReport:
    """Figures by name (units in data/kpis.py), the same of the previous period, and coverage in percent."""

    current: Mapping[str, Value]
    previous: Mapping[str, Value]
    coverage: Mapping[str, Value]


def kpi_report(
    copy: AnalyticCopy,
    chosen: CallFilter,
    *,
    now: int,
    sl_seconds: float = SERVICE_LEVEL_SECONDS,
    sl_abandoned: str = "count",
) -> KpiReport:
    """All figures of the filter; `previous` is empty where the range is open."""
    figures = {name: kpi.sql for name, kpi in KPIS.items()}
    figures["service_level"] = service_level(sl_seconds, abandoned=sl_abandoned)
    carried = {f"carried.{name}": sql for name, sql in COVERAGE.items()}
    earlier = chosen.previous()
    # At once: a day of calls keeps one processor busy, and the engine does not share out so little.
    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(_one_row, copy, earlier.apply(_select(figures))) if earlier else None
        active = beside.submit(active_calls, copy, chosen, now=now)
        current = _one_row(copy, chosen.apply(_select(figures | carried)))
    total = current["total_calls"]
    return KpiReport(
        current={name: current[name] for name in figures} | {"active_calls": active.result()},
        previous=asked.result() if asked else {},
        coverage={name: 100 * (current[f"carried.{name}"] or 0) / total if total else None for name in COVERAGE},
    )


def active_calls(copy: AnalyticCopy, chosen: CallFilter, *, now: int) -> int:
    """Calls in progress right now that have the filter's values, whatever its time range."""
    query = select(func.count().label("n")).where(
        calls.c.status == Status.IN_PROGRESS, calls.c.updated_at > now - ACTIVE_TIMEOUT, *chosen.values()
    )
    return int(copy.frame(query, "active_calls")["n"][0])


def _select(figures: Mapping[str, ColumnElement[Any]]) -> Select[Any]:
    return select(*(sql.label(name) for name, sql in figures.items())).select_from(calls)


def _one_row(copy: AnalyticCopy, query: Select[Any]) -> dict[str, Value]:
    frame = copy.frame(query, "kpis")
    return {str(name): plain(frame[name].iloc[0]) for name in frame.columns}


def plain(value: Any) -> Value:
    """A cell as a plain number; unknown (NaN, NULL) as None."""
    if pd.isna(value):
        return None
    return int(value) if isinstance(value, int | np.integer) else float(value)
