"""How fast agents answer and how conversations go: latency by stage, interruptions, silence, turns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Select, case, func, select

from data.analytics import AnalyticCopy
from data.callsets import CALL_SETS
from data.filters import CallFilter
from data.kpis import COUNTS, KPIS, MEASURED, Kpi, count_where
from data.models import calls
from data.possible import END_TO_END, MEASURES, POSSIBLE, TIMED, impossible
from data.queries.beside import side_by_side
from data.queries.conversations import CONVERSATION, SUMS, of_all, of_sums
from data.queries.kpis import KpiReport, of_counted
from data.queries.latencies import latencies
from data.queries.quantiles import Floats, counts_between, quantiles
from data.queries.series import bounded, filled, series
from data.sqlx import percentile
from data.times import DAY, MINUTE, buckets, step_for

c = calls.c
PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
#: Lower bounds of the bars of the histogram, in milliseconds; the last one is open.
LATENCY_BINS = (0, 250, 500, 750, 1000, 1250, 1500, 1750, 2000, 2500, 3000, 4000, 5000)
_MOST_BUCKETS = 60
_MOST_LINES = 6
_SLOWEST = 10
_LATENCIES: Mapping[str, Kpi] = {
    f"{name}_latency_ms": Kpi(
        f"{name} latency",
        "ms",
        "down",
        f"{100 * share:.0f} % of the calls had a lower end-to-end latency (a call's own mean); exact, not estimated.",
        percentile(case((COUNTS, POSSIBLE[END_TO_END])), share),
    )
    for name, share in PERCENTILES.items()
} | {"p95_latency_ms": KPIS["p95_latency_ms"]}
#: The key figures of the page.
FIGURES: Mapping[str, Kpi] = {**_LATENCIES, **CONVERSATION}


@dataclass(frozen=True, slots=True)
class StageFigures:
    """A stage, or the whole: on how many calls it rests, how many values can't be, mean and percentiles in ms."""

    name: str
    calls: int
    impossible: int
    mean: float | None
    percentiles: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Quality:
    """course: bucket_start, itemised (calls), the mean of each stage and the whole over these, and of each stage and
    the whole the chosen percentile (not beside `lines`). lines: by value of the split, over time. table: one row a
    value.

    parts: means over the itemised calls, "total" and each stage (0 where a call does not carry it), in ms.
    slowest: source, call_id, agent, started_at, latency_ms and the stages; slow: from which latency on a call belongs
    to the slowest 5 %, and how many do. impossible: calls by measure.
    """

    filter: CallFilter
    as_of: int
    step: int
    edges: list[int]
    total: int
    report: KpiReport
    stages: list[StageFigures]
    itemised: int
    parts: Mapping[str, float]
    impossible: Mapping[str, int]
    impossible_calls: int
    course: pd.DataFrame
    lines: Mapping[str, list[float | None]]
    table: pd.DataFrame
    histogram: list[int]
    slowest: list[dict[str, Any]]
    slow: tuple[float, int] | None


def quality(
    copy: AnalyticCopy, chosen: CallFilter, *, now: int, stat: str = "p95", by: str = "agent", lines: bool = False
) -> Quality:
    """`stat` of PERCENTILES over time, of the stages or (`lines`) of the largest values of `by`, a dimension."""
    chosen = bounded(copy, chosen, now)
    assert chosen.start is not None and chosen.end is not None
    width = step_for(max(chosen.end - chosen.start, MINUTE), _MOST_BUCKETS)
    grid = buckets(chosen.start, chosen.end, width, chosen.zone)
    with side_by_side(copy) as ask:
        measured = ask(latencies, copy, chosen, grid, None if lines else PERCENTILES[stat])
        tabulated = ask(_table, copy, chosen, by)
        earlier = ask(_before, copy, chosen)
        counted = ask(copy.row, _impossible(chosen), "impossible")
        slowest = ask(_slowest, copy, chosen)
        table, talks = tabulated.result()
        split = ask(_lines, copy, chosen, grid, stat, by, table) if lines else None
        found = measured.result()
        stages = [_stage(name, found.values[name], counted.result()) for name in TIMED]
    wrong = counted.result()
    return Quality(
        filter=chosen,
        as_of=now,
        step=width if isinstance(width, int) else {"week": 7 * DAY, "month": 28 * DAY}[width],
        edges=[*grid.starts, grid.end] if len(grid) else [],
        total=found.counted,
        report=_report(found.counted, stages[-1], talks, earlier.result()),
        stages=stages,
        itemised=found.itemised,
        parts=found.parts,
        impossible={name: wrong[name] for name in MEASURES if wrong[name]},
        impossible_calls=wrong["any"],
        course=found.course,
        lines=split.result() if split else {},
        table=table,
        histogram=counts_between(found.values["total"], LATENCY_BINS),
        slowest=slowest.result(),
        slow=_slow(found.values["total"], stages[-1]),
    )


def _impossible(chosen: CallFilter) -> Select[Any]:
    """How many calls carry a value that can't be: of each measure, and any."""
    columns: list[Any] = [count_where(impossible(name)).label(name) for name in MEASURES]
    query = chosen.apply(select(*columns, func.count().label("any")))
    return query.where(CALL_SETS["impossible"])


def _stage(name: str, values: Floats, wrong: Mapping[str, int]) -> StageFigures:
    return StageFigures(
        name=name,
        calls=len(values),
        impossible=wrong[TIMED[name]],
        mean=float(values.mean()) if len(values) else None,
        percentiles=dict(zip(PERCENTILES, quantiles(values, [*PERCENTILES.values()]), strict=True)),
    )


def _before(copy: AnalyticCopy, chosen: CallFilter) -> dict[str, Any]:
    """The key figures of the fair previous period; none where the range is open."""
    earlier = chosen.previous()
    asked = {"total_calls": count_where(COUNTS)} | {name: kpi.sql for name, kpi in FIGURES.items()}
    return copy.row(of_counted(earlier, asked), "quality_before") if earlier else {}


def _report(total: int, latency: StageFigures, talks: Mapping[str, Any], before: Mapping[str, Any]) -> KpiReport:
    rests_on = {f"{p}_latency_ms": latency.calls for p in PERCENTILES}
    rests_on |= {name: talks[f"n.{name}"] for name in CONVERSATION}
    known = {f"{p}_latency_ms": value for p, value in latency.percentiles.items()}
    return KpiReport(
        current={"total_calls": total, **known, **{name: talks[name] for name in CONVERSATION}},
        previous=before,
        coverage={name: 100 * n / total if total else None for name, n in rests_on.items()},
    )


def _table(copy: AnalyticCopy, chosen: CallFilter, by: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """One row a value: calls, measured, percentiles, the figures of conversations and how many calls each rests on; and
    these last of all calls, also those without a value."""
    asked = {"calls": count_where(COUNTS), "measured": count_where(MEASURED)}
    asked |= {p: FIGURES[f"{p}_latency_ms"].sql for p in PERCENTILES} | dict(SUMS)
    frame = copy.frame(of_counted(chosen, asked).add_columns(c[by].label("name")).group_by(c[by]), "quality_table")
    table = of_sums(frame[frame["name"].notna()])
    return table.sort_values(["calls", "name"], ascending=[False, True], ignore_index=True), of_all(frame)


def _lines(
    copy: AnalyticCopy, chosen: CallFilter, grid: Any, percent: str, by: str, table: pd.DataFrame
) -> dict[str, list[float | None]]:
    """The end-to-end latency of the values with the most measured calls."""
    names = table[table["measured"] > 0].nlargest(_MOST_LINES, "measured", keep="first")["name"].tolist()
    if not names:
        return {}
    group = case((c[by].in_(names), c[by]))
    value = percentile(case((COUNTS, POSSIBLE[END_TO_END])), PERCENTILES[percent])
    frame = filled(series(copy, chosen, grid, {"v": value}, "name", "quality_lines", group), grid, by="name")
    return {name: [None if pd.isna(v) else float(v) for v in frame.loc[frame["name"] == name, "v"]] for name in names}


def _slow(values: Floats, whole: StageFigures) -> tuple[float, int] | None:
    p95 = whole.percentiles["p95"]
    if p95 is None:
        return None
    # With as many digits as an address has, and not above it.
    bound = math.floor(p95 * 1000) / 1000
    return bound, int(np.count_nonzero(values >= bound))


def _slowest(copy: AnalyticCopy, chosen: CallFilter) -> list[dict[str, Any]]:
    columns: list[Any] = [c.source, c.call_id, c.agent, c.started_at, *(c[name] for name in TIMED.values())]
    query = chosen.apply(select(*columns).where(MEASURED)).order_by(c.latency_ms.desc(), c.id.desc()).limit(_SLOWEST)
    frame = copy.frame(query, "slowest_calls")
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]
