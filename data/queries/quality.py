"""How fast agents answer and how conversations go: latency by stage, interruptions, silence, turns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Double, Select, case, func, literal_column, select

from data.analytics import AnalyticCopy
from data.callsets import CALL_SETS
from data.filters import CallFilter
from data.kpis import COUNTS, KPIS, MEASURED, Kpi, count_where
from data.models import calls
from data.possible import END_TO_END, MEASURES, POSSIBLE, TIMED, impossible
from data.queries.beside import side_by_side
from data.queries.kpis import KpiReport, of_counted
from data.queries.latencies import Floats, counts_between, latencies, quantile
from data.queries.listing import count_calls
from data.queries.series import bounded, filled, series
from data.sqlx import double, percentile
from data.times import DAY, MINUTE, buckets, step_for

c = calls.c
PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
#: Lower bounds of the bars of the histogram, in milliseconds; the last one is open.
LATENCY_BINS = (0, 250, 500, 750, 1000, 1250, 1500, 1750, 2000, 2500, 3000, 4000, 5000)
_MOST_BUCKETS = 60
_MOST_LINES = 6
_SLOWEST = 10
_ZERO: ColumnElement[float] = literal_column("0.0", Double)
_HUNDRED: ColumnElement[float] = literal_column("100.0", Double)


def _share(name: str, part: ColumnElement[Any], whole: ColumnElement[Any]) -> ColumnElement[float]:
    """Percent, over the calls of a set; unknown where the whole is nothing."""
    above, below = (func.sum(double(each)).filter(CALL_SETS[name]) for each in (part, whole))
    return _HUNDRED * above / func.nullif(below, _ZERO)


#: The figures of conversations, each computed from the set of calls with its name (data/callsets.py).
CONVERSATION: Mapping[str, Kpi] = {
    "user_interruptions": Kpi(
        "Caller interrupts",
        "%",
        "down",
        "Interruptions by callers / turns, of the calls that carry both: how often callers talk over the agent.",
        _share("user_interruptions", c.user_interruptions, c.turns),
    ),
    "agent_interruptions": Kpi(
        "Agent interrupts",
        "%",
        "down",
        "Interruptions by agents / turns, of the calls that carry both: how often agents talk over the caller.",
        _share("agent_interruptions", c.agent_interruptions, c.turns),
    ),
    "silence": Kpi(
        "Silence",
        "%",
        "down",
        "Silent seconds / seconds from answer to end, of the calls that carry both.",
        _share("silence", c.silence_seconds, c.duration_seconds),
    ),
    "turns": Kpi("Turns a call", "turns", "", "Mean number of turns of the calls that carry it.",
                 func.avg(double(c.turns)).filter(CALL_SETS["turns"])),
}  # fmt: skip
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
        talks = ask(copy.row, _of_conversations(chosen), "talks")
        counted = ask(copy.row, _impossible(chosen), "impossible")
        slowest = ask(_slowest, copy, chosen)
        table = tabulated.result()
        split = ask(_lines, copy, chosen, grid, stat, by, table) if lines else None
        found = measured.result()
        slow = ask(_slow, copy, chosen, quantile(found.ordered["total"], PERCENTILES["p95"]))
    wrong = counted.result()
    stages = [_stage(name, found.ordered[name], wrong) for name in TIMED]
    return Quality(
        filter=chosen,
        as_of=now,
        step=width if isinstance(width, int) else {"week": 7 * DAY, "month": 28 * DAY}[width],
        edges=[*grid.starts, grid.end] if len(grid) else [],
        total=found.counted,
        report=_report(found.counted, stages[-1], talks.result(), earlier.result()),
        stages=stages,
        itemised=found.itemised,
        parts=found.parts,
        impossible={name: wrong[name] for name in MEASURES if wrong[name]},
        impossible_calls=wrong["any"],
        course=found.course,
        lines=split.result() if split else {},
        table=table,
        histogram=counts_between(found.ordered["total"], LATENCY_BINS),
        slowest=slowest.result(),
        slow=slow.result(),
    )


def _impossible(chosen: CallFilter) -> Select[Any]:
    """How many calls carry a value that can't be: of each measure, and any."""
    columns: list[Any] = [count_where(impossible(name)).label(name) for name in MEASURES]
    query = chosen.apply(select(*columns, func.count().label("any")))
    return query.where(CALL_SETS["impossible"])


def _stage(name: str, ordered: Floats, wrong: Mapping[str, int]) -> StageFigures:
    return StageFigures(
        name=name,
        calls=len(ordered),
        impossible=wrong[TIMED[name]],
        mean=float(ordered.mean()) if len(ordered) else None,
        percentiles={p: quantile(ordered, share) for p, share in PERCENTILES.items()},
    )


def _of_conversations(chosen: CallFilter) -> Select[Any]:
    counts = {f"n.{name}": count_where(CALL_SETS[name]) for name in CONVERSATION}
    return of_counted(chosen, counts | {name: kpi.sql for name, kpi in CONVERSATION.items()})


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


def _table(copy: AnalyticCopy, chosen: CallFilter, by: str) -> pd.DataFrame:
    """One row a value: calls, measured, percentiles, the figures of conversations and how many calls each rests on."""
    asked = {"calls": count_where(COUNTS), "measured": count_where(MEASURED)}
    asked |= {p: FIGURES[f"{p}_latency_ms"].sql for p in PERCENTILES}
    asked |= {name: kpi.sql for name, kpi in CONVERSATION.items()}
    asked |= {f"n.{name}": count_where(CALL_SETS[name]) for name in CONVERSATION}
    query = of_counted(chosen, asked).add_columns(c[by].label("name")).where(c[by].is_not(None)).group_by(c[by])
    return copy.frame(query, "quality_table").sort_values(["calls", "name"], ascending=[False, True], ignore_index=True)


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


def _slow(copy: AnalyticCopy, chosen: CallFilter, p95: float | None) -> tuple[float, int] | None:
    if p95 is None:
        return None
    # With as many digits as an address has, and not above it.
    bound = math.floor(p95 * 1000) / 1000
    return bound, count_calls(copy, replace(chosen, of=(*chosen.of, "measured"), min_latency=bound))


def _slowest(copy: AnalyticCopy, chosen: CallFilter) -> list[dict[str, Any]]:
    columns: list[Any] = [c.source, c.call_id, c.agent, c.started_at, *(c[name] for name in TIMED.values())]
    query = chosen.apply(select(*columns).where(MEASURED)).order_by(c.latency_ms.desc(), c.id.desc()).limit(_SLOWEST)
    frame = copy.frame(query, "slowest_calls")
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]
