"""Agents side by side: figures with what they rest on, how long their calls take, and their versions compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Integer, and_, case, cast, func, or_, select

from data.analysis.comparing import Difference, Interval, Ranks, ranks_differ, shares_differ, wilson
from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.kpis import COUNTS, KPIS, MEASURED, count_where, has_status
from data.models import Status, calls
from data.queries.beside import side_by_side
from data.queries.series import bounded
from data.queries.trends import currency
from data.sqlx import percentile

c = calls.c
_FIGURES = ("error_rate", "aht_seconds", "p95_duration_seconds", "csat", "cost_per_call", "avg_latency_ms")
#: Durations are laid side by side at five points; the whiskers leave out a twentieth at either end.
POINTS = (5, 25, 50, 75, 95)
#: Lower bounds of the bars of a histogram, in seconds; the last one is open.
DURATION_BINS = (0, 15, 30, 60, 90, 120, 180, 240, 300, 420, 600, 900)
_MOST_PAIRS = 8
#: Durations are ranked in tenths of a second.
_TENTHS = 10


@dataclass(frozen=True, slots=True)
class VersionFigures:
    """One version of an agent: its calls, successes, answered calls and their mean and median duration in seconds."""

    version: str
    calls: int
    successes: int
    timed: int
    mean_seconds: float | None
    median_seconds: float | None
    first: int
    last: int

    @property
    def success(self) -> Interval | None:
        """The success rate with its interval."""
        return wilson(self.successes, self.calls)


@dataclass(frozen=True, slots=True)
class Comparison:
    """An agent's version `b` against `a`, the earlier one: success rates, and durations by rank."""

    agent: str
    a: VersionFigures
    b: VersionFigures
    success: Difference | None
    duration: Ranks | None


@dataclass(frozen=True, slots=True)
class Board:
    """agents: agent, calls, successes, the figures of data/kpis.py, how many calls those rest on, and the points of the
    durations, d5 to d95 (seconds); most calls first. versions: by agent, the newest last.
    """

    filter: CallFilter
    agents: pd.DataFrame
    currency: str | None
    versions: dict[str, list[VersionFigures]]
    comparisons: list[Comparison]


def board(copy: AnalyticCopy, chosen: CallFilter, *, now: int, pair: tuple[str, str] | None = None) -> Board:
    """All agents of a filter. `pair` names the versions (a, b) to compare; else the two that came last."""
    chosen = bounded(copy, chosen, now)
    with side_by_side(copy) as ask:
        agents, paid = ask(leaderboard, copy, chosen), ask(currency, copy, chosen)
        found = versions(copy, chosen)
        compared = comparisons(copy, chosen, _pairs(found, pair))
    return Board(filter=chosen, agents=agents.result(), currency=paid.result(), versions=found, comparisons=compared)


def leaderboard(copy: AnalyticCopy, chosen: CallFilter) -> pd.DataFrame:
    """One row an agent; calls without an agent are left out."""
    timed = case((COUNTS, c.duration_seconds))
    columns: list[Any] = [
        c.agent,
        KPIS["total_calls"].sql.label("calls"),
        count_where(has_status(Status.SUCCESS)).label("successes"),
        *(KPIS[name].sql.label(name) for name in _FIGURES),
        *(percentile(timed, point / 100).label(f"d{point}") for point in POINTS),
        func.count(timed).label("timed"),
        func.count(case((COUNTS, c.csat))).label("rated"),
        func.count(case((COUNTS, c.cost))).label("priced"),
        count_where(MEASURED).label("measured"),
    ]
    query = chosen.apply(select(*columns)).where(COUNTS, c.agent.is_not(None)).group_by(c.agent)
    return copy.frame(query, "board").sort_values(["calls", "agent"], ascending=[False, True], ignore_index=True)


def versions(copy: AnalyticCopy, chosen: CallFilter) -> dict[str, list[VersionFigures]]:
    """The versions of each agent, in the order in which they took their first call of the range."""
    timed = case((COUNTS, c.duration_seconds))
    columns: list[Any] = [
        c.agent,
        c.agent_version,
        KPIS["total_calls"].sql.label("calls"),
        count_where(has_status(Status.SUCCESS)).label("successes"),
        func.count(timed).label("timed"),
        func.avg(timed).label("mean"),
        percentile(timed, 0.5).label("median"),
        func.min(c.started_at).label("first"),
        func.max(c.started_at).label("last"),
    ]
    query = chosen.apply(select(*columns)).where(COUNTS, c.agent.is_not(None), c.agent_version.is_not(None))
    frame = copy.frame(query.group_by(c.agent, c.agent_version), "versions")
    # Two that run side by side from the start on: the one that is still taking calls is the newer.
    frame = frame.sort_values(["first", "last", "agent_version"])
    found: dict[str, list[VersionFigures]] = {}
    for row in frame.astype(object).where(frame.notna(), None).to_dict("records"):
        found.setdefault(row["agent"], []).append(
            VersionFigures(
                version=row["agent_version"],
                calls=int(row["calls"]),
                successes=int(row["successes"]),
                timed=int(row["timed"]),
                mean_seconds=row["mean"],
                median_seconds=row["median"],
                first=int(row["first"]),
                last=int(row["last"]),
            )
        )
    return {agent: sorted(each, key=lambda v: (v.last, v.first)) for agent, each in found.items()}


Pair = tuple[str, VersionFigures, VersionFigures]


def _pairs(found: dict[str, list[VersionFigures]], wanted: tuple[str, str] | None) -> list[Pair]:
    pairs: list[Pair] = []
    for agent, each in found.items():
        named = {one.version: one for one in each}
        if wanted and wanted[0] != wanted[1] and set(wanted) <= named.keys():
            pairs.append((agent, named[wanted[0]], named[wanted[1]]))
        elif len(each) > 1:
            pairs.append((agent, each[-2], each[-1]))
    return sorted(pairs, key=lambda pair: -(pair[1].calls + pair[2].calls))[:_MOST_PAIRS]


def comparisons(copy: AnalyticCopy, chosen: CallFilter, pairs: Sequence[Pair]) -> list[Comparison]:
    """Each pair judged: rates by counts, durations by ranks of tenths of a second."""
    if not pairs:
        return []
    either = or_(*(and_(c.agent == agent, c.agent_version.in_((a.version, b.version))) for agent, a, b in pairs))
    tenth = cast(func.floor(c.duration_seconds * _TENTHS), Integer)
    query = select(c.agent, c.agent_version, tenth.label("tenth"), func.count().label("n"))
    query = chosen.apply(query).where(COUNTS, c.duration_seconds.is_not(None), either)
    frame = copy.frame(query.group_by(c.agent, c.agent_version, "tenth"), "version_durations")
    return [
        Comparison(
            agent,
            a,
            b,
            shares_differ(a.successes, a.calls, b.successes, b.calls),
            _ranked(frame[frame["agent"] == agent], a.version, b.version),
        )
        for agent, a, b in pairs
    ]


def _ranked(frame: pd.DataFrame, a: str, b: str) -> Ranks | None:
    table = frame.pivot_table(index="tenth", columns="agent_version", values="n", aggfunc="sum", fill_value=0)
    empty = np.zeros(len(table), dtype=np.int64)
    return ranks_differ(*(table[v].to_numpy() if v in table else empty for v in (a, b)))


def duration_histogram(copy: AnalyticCopy, chosen: CallFilter) -> list[int]:
    """How many answered calls lie in each of DURATION_BINS."""
    place: ColumnElement[int] = case(
        *((c.duration_seconds < upper, i) for i, upper in enumerate(DURATION_BINS[1:])), else_=len(DURATION_BINS) - 1
    )
    columns: list[Any] = [place.label("bin"), func.count().label("n")]
    query = select(*columns).where(COUNTS, c.duration_seconds.is_not(None))
    frame = copy.frame(chosen.apply(query).group_by("bin"), "duration_histogram").set_index("bin")["n"]
    return [int(frame.get(i, 0)) for i in range(len(DURATION_BINS))]
