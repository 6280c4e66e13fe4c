"""How callers were served: service level, waits, abandonment, by queue and over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, SmallInteger, case, cast, func, literal_column, select

from data.analytics import AnalyticCopy
from data.callsets import CALL_SETS
from data.filters import UNKNOWN, CallFilter
from data.kept import QUEUED_WAIT
from data.kpis import ANSWERED, KPIS, among_counted, count_where, service_level
from data.models import calls
from data.queries.beside import side_by_side
from data.queries.concurrency import Concurrency, concurrency
from data.queries.kpis import KpiReport, of_counted
from data.queries.occupancy import Occupancy, occupancy
from data.queries.offered import offered
from data.queries.quantiles import counts_between, quantiles
from data.queries.series import bounded, filled
from data.times import DAY, MINUTE, buckets, step_for

c = calls.c
#: Lower bounds of the bars of the waits, in seconds; the last one is open. The chosen threshold joins them.
WAIT_BINS = (0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)
#: Whose waits are told apart: sets of data/callsets.py that share no call.
WAITED = ("answered_waited", "left_waiting", "never_answered")
#: Someone who leaves so soon hardly waited.
SHORT_ABANDON_SECONDS = 5
#: What weekday and hour may show, besides calls at once.
BY_HOUR = ("service_level", "abandonment_rate", "asa_seconds", "offered")
#: The key figures of the page.
FIGURES = ("total_calls", "offered", "service_level", "abandonment_rate", "asa_seconds", "p95_wait_seconds")
_MOST_BUCKETS = 60


@dataclass(frozen=True, slots=True)
class Threshold:
    """Answered within how many seconds, and whether abandoned calls count ("count" or "exclude")."""

    seconds: float = 20.0
    abandoned: str = "count"

    @property
    def sql(self) -> ColumnElement[float]:
        """The service level as an aggregate."""
        return service_level(self.seconds, abandoned=self.abandoned)


@dataclass(frozen=True, slots=True)
class Service:
    """course: bucket_start, offered, service_level, abandonment_rate, asa_seconds. waits: a count for each of `bins`
    and set of WAITED. queues: name, and the figures of each. hours: weekday, hour, value, n.
    """

    filter: CallFilter
    as_of: int
    step: int
    edges: list[int]
    threshold: Threshold
    report: KpiReport
    answered: int
    left_soon: int
    longest_wait: float | None
    course: pd.DataFrame
    bins: list[float]
    waits: pd.DataFrame
    queues: pd.DataFrame
    hours: pd.DataFrame
    busy: Concurrency
    occupancy: Occupancy


def service(
    copy: AnalyticCopy, chosen: CallFilter, *, now: int, threshold: Threshold, by_hour: str = "service_level"
) -> Service:
    """All that the page shows; `by_hour` is one of BY_HOUR or "peak", the calls at once."""
    chosen = bounded(copy, chosen, now)
    assert chosen.start is not None and chosen.end is not None
    width = step_for(max(chosen.end - chosen.start, MINUTE), _MOST_BUCKETS)
    grid = buckets(chosen.start, chosen.end, width, chosen.zone)
    bins = sorted({*map(float, WAIT_BINS), threshold.seconds})
    key_figures = {name: KPIS[name].sql for name in FIGURES} | {"service_level": threshold.sql}
    with side_by_side(copy) as ask:
        # Side by side what numpy and what the engine is busy with.
        occupied = ask(occupancy, copy, chosen)
        of_offered = ask(offered, copy, chosen, grid, _figures(threshold))
        busy = ask(concurrency, copy, chosen, grid, now=now, hourly=by_hour == "peak")
        before = chosen.previous()
        earlier = ask(copy.row, of_counted(before, key_figures), "service_before") if before else None
        waited, late = ask(_waits, copy, chosen, bins), ask(_late, copy, chosen)
        total = ask(copy.row, of_counted(chosen, {"total_calls": KPIS["total_calls"].sql}), "service_total")
    found, (waits, p95) = of_offered.result(), waited.result()
    known = {**found.whole, **total.result(), "p95_wait_seconds": p95}
    return Service(
        filter=chosen,
        as_of=now,
        step=width if isinstance(width, int) else {"week": 7 * DAY, "month": 28 * DAY}[width],
        edges=[*grid.starts, grid.end] if len(grid) else [],
        threshold=threshold,
        report=KpiReport({name: known[name] for name in key_figures}, earlier.result() if earlier else {}, coverage={}),
        answered=known["answered"],
        left_soon=known["left_soon"],
        longest_wait=known["longest"],
        course=filled(found.course[["bucket_start", *BY_HOUR]], grid, ["offered"]),
        bins=bins,
        waits=waits,
        queues=_by_queue(found.queues, late.result()),
        hours=_by_hour(found.hours, by_hour) if by_hour in BY_HOUR else pd.DataFrame(),
        busy=busy.result(),
        occupancy=occupied.result(),
    )


def _figures(threshold: Threshold) -> dict[str, ColumnElement[Any]]:
    """Those of everything, and of each bucket, queue and hour."""
    return {name: KPIS[name].sql for name in BY_HOUR} | {
        "service_level": threshold.sql,
        "answered": count_where(ANSWERED),
        "left_soon": count_where(CALL_SETS["left_waiting"] & (c.wait_seconds < SHORT_ABANDON_SECONDS)),
        "longest": func.max(QUEUED_WAIT),
        **{f"n.{name}": count_where(CALL_SETS[name]) for name in ("abandoned", "answered_waited", "waited")},
    }


def _waits(copy: AnalyticCopy, chosen: CallFilter, bins: list[float]) -> tuple[pd.DataFrame, float | None]:
    """How many calls of each set waited as long as each bar says; and the p95 of all of them."""
    whose = case(*((CALL_SETS[name], literal_column(str(i), SmallInteger)) for i, name in enumerate(WAITED)))
    query: Any = select(QUEUED_WAIT.label("wait"), cast(among_counted(whose), SmallInteger).label("whose"))
    found = copy.arrays(chosen.apply(query.where(CALL_SETS["waited"])), "waits")
    counts = {name: counts_between(found["wait"][found["whose"] == i], bins) for i, name in enumerate(WAITED)}
    return pd.DataFrame({"bin": range(len(bins)), **counts}), quantiles(found["wait"], [0.95])[0]


def _late(copy: AnalyticCopy, chosen: CallFilter) -> pd.DataFrame:
    """The p95 of the wait of each queue: queue, p95_wait_seconds."""
    p95 = among_counted(KPIS["p95_wait_seconds"].sql).label("p95_wait_seconds")
    query = chosen.apply(select(c.queue, p95).where(CALL_SETS["offered"])).group_by(c.queue)
    frame = copy.frame(query, "queues")
    return frame.assign(queue=frame["queue"].fillna(UNKNOWN))


def _by_queue(figures: pd.DataFrame, late: pd.DataFrame) -> pd.DataFrame:
    frame = figures.merge(late, on="queue")
    return frame.sort_values(["offered", "queue"], ascending=[False, True], ignore_index=True)


def _by_hour(figures: pd.DataFrame, figure: str) -> pd.DataFrame:
    """weekday, hour, value, n: how many calls the figure rests on."""
    n = figures["n.answered_waited" if figure == "asa_seconds" else "offered"]
    frame = pd.DataFrame({"weekday": figures["weekday"], "hour": figures["hour"], "value": figures[figure], "n": n})
    return frame[frame["n"] > 0].reset_index(drop=True)
