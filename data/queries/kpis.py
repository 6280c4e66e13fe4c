"""The key figures of a filter beside those of the fair previous period."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.kpis import COUNTS, COVERAGE, KPIS, SERVICE_LEVEL_SECONDS, among_counted, service_level
from data.models import Status, calls
from data.queries.beside import side_by_side

Value = float | int | None
#: A call in progress of which nothing was heard for so long (microseconds) is not active any more.
ACTIVE_TIMEOUT = 4 * 3600 * 1_000_000
_FIGURES = {name: among_counted(kpi.sql) for name, kpi in KPIS.items()}
_CARRIED = {f"carried.{name}": among_counted(sql) for name, sql in COVERAGE.items()}


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
    names: Collection[str] = tuple(KPIS),
    sl_seconds: float = SERVICE_LEVEL_SECONDS,
    sl_abandoned: str = "count",
) -> KpiReport:
    """Figures of the filter, among them total and active calls; `previous` is empty where the range is open."""
    known = _FIGURES | {"service_level": among_counted(service_level(sl_seconds, abandoned=sl_abandoned))}
    figures = {name: sql for name, sql in known.items() if name in names or name == "total_calls"}
    earlier = chosen.previous()

    def beside() -> tuple[dict[str, Any], int]:
        previous = copy.row(_select(earlier, figures), "kpis") if earlier else {}
        return previous, active_calls(copy, chosen, now=now)

    # At once: a day of calls keeps one processor busy, and the engine does not share out so little.
    with side_by_side(copy) as ask:
        rest = ask(beside)
        current = copy.row(_select(chosen, figures | _CARRIED), "kpis")
    (previous, active), total = rest.result(), current["total_calls"]
    return KpiReport(
        current={name: current[name] for name in figures} | {"active_calls": active},
        previous=previous,
        coverage={name: 100 * (current[f"carried.{name}"] or 0) / total if total else None for name in COVERAGE},
    )


def active_calls(copy: AnalyticCopy, chosen: CallFilter, *, now: int) -> int:
    """Calls in progress right now that have the filter's values, whatever its time range."""
    query = select(func.count().label("n")).where(
        calls.c.status == Status.IN_PROGRESS, calls.c.updated_at > now - ACTIVE_TIMEOUT, *chosen.values()
    )
    return int(copy.row(query, "active_calls")["n"])


def of_counted(chosen: CallFilter, figures: Mapping[str, ColumnElement[Any]]) -> Select[Any]:
    """These figures of the counted calls of a filter, by name."""
    return _select(chosen, {name: among_counted(sql) for name, sql in figures.items()})


def _select(chosen: CallFilter, figures: Mapping[str, ColumnElement[Any]]) -> Select[Any]:
    return chosen.apply(select(*(sql.label(name) for name, sql in figures.items())).where(COUNTS))
