"""What changed against the fair previous period by more than chance, and where most of the change comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, and_, case, func, literal_column, select

from data.analysis.comparing import rate_can_be_judged, shares_differ
from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.kept import ANSWERED_WAIT
from data.kpis import ABANDONED, COUNTS, OFFERED, SERVICE_LEVEL_SECONDS, TOTAL, count_where, has_status
from data.models import Status, calls

c = calls.c
#: Where a change may come from: a pair of agent and queue, else one of them.
PLACES = (("agent", "queue"), ("agent",), ("queue",))
#: A place is named when at least so much of the change is its own.
_MOST_OF_IT = 0.5
#: Of rates: so improbable by chance, and so many points.
_CHANCE, _POINTS = 0.001, 1.0
#: Of means and of the number of calls: so large a part of what it was, on so many calls.
_PART, _FEWEST = 0.1, 100
#: Of the number of calls: so many times the spread of a count.
_SPREADS = 4.0


@dataclass(frozen=True, slots=True)
class Ratio:
    """A figure of data/kpis.py as a quotient of two sums over calls; `scale` makes it the figure's unit."""

    above: ColumnElement[Any]
    below: ColumnElement[Any]
    scale: float = 1.0


def _mean(column: ColumnElement[Any]) -> Ratio:
    known = case((COUNTS, column))
    return Ratio(func.coalesce(func.sum(known), literal_column("0.0")), func.count(known))


RATIOS: Mapping[str, Ratio] = {
    "success_rate": Ratio(count_where(has_status(Status.SUCCESS)), TOTAL, 100.0),
    "error_rate": Ratio(count_where(has_status(Status.ERROR)), TOTAL, 100.0),
    "abandonment_rate": Ratio(count_where(ABANDONED), count_where(OFFERED), 100.0),
    "service_level": Ratio(
        count_where(and_(COUNTS, ANSWERED_WAIT <= SERVICE_LEVEL_SECONDS)), count_where(OFFERED), 100.0
    ),
    "avg_duration_seconds": _mean(c.duration_seconds),
    "csat": _mean(c.csat),
    "cost_per_call": _mean(c.cost),
    "avg_latency_ms": _mean(c.latency_ms),
}


@dataclass(frozen=True, slots=True)
class Change:
    """A figure of data/kpis.py that moved. where: columns and values of the place most of it comes from; share: how
    much of it, from 0 to 1 (beyond, where other places moved the other way)."""

    kpi: str
    before: float
    after: float
    where: Mapping[str, str]
    share: float


def changes(copy: AnalyticCopy, chosen: CallFilter) -> list[Change]:
    """The figures that changed notably, the number of calls first; none without a previous period."""
    earlier = chosen.previous()
    if earlier is None:
        return []
    now, before = _sums(copy, chosen), _sums(copy, earlier)
    found = [_volume(now, before), *(_ratio(name, now, before) for name in RATIOS)]
    return [each for each in found if each is not None]


def _sums(copy: AnalyticCopy, chosen: CallFilter) -> pd.DataFrame:
    """One row a pair of agent and queue, with both sums of each ratio and the number of calls."""
    columns: list[Any] = [c.agent, c.queue, TOTAL.label("calls")]
    for name, ratio in RATIOS.items():
        columns += [ratio.above.label(f"{name}.above"), ratio.below.label(f"{name}.below")]
    frame = copy.frame(chosen.apply(select(*columns)).where(COUNTS).group_by(c.agent, c.queue), "changes")
    # Named, so that pandas does not drop the calls without one.
    return frame.assign(agent=frame["agent"].fillna(""), queue=frame["queue"].fillna(""))


def _volume(now: pd.DataFrame, before: pd.DataFrame) -> Change | None:
    after, was = float(now["calls"].sum()), float(before["calls"].sum())
    if min(after, was) < _FEWEST or abs(after - was) < max(_PART * was, _SPREADS * np.sqrt(after + was)):
        return None
    where, share = _place(now.assign(part=now["calls"]), before.assign(part=before["calls"]), after - was)
    return Change("total_calls", was, after, where, share)


def _ratio(name: str, now: pd.DataFrame, before: pd.DataFrame) -> Change | None:
    (above_now, below_now), (above_before, below_before) = (
        (float(frame[f"{name}.above"].sum()), float(frame[f"{name}.below"].sum())) for frame in (now, before)
    )
    if not below_now or not below_before:
        return None
    scale = RATIOS[name].scale
    after, was = above_now / below_now, above_before / below_before
    counts = [int(n) for n in (above_before, below_before, above_now, below_now)]
    if not (_rate_moved(*counts) if scale == 100.0 else _mean_moved(was, after, min(below_now, below_before))):
        return None
    middle = (after + was) / 2

    def beyond_size(frame: pd.DataFrame, below: float) -> pd.Series:
        # What each place adds beyond its size; over all places this sums up to the change.
        return (frame[f"{name}.above"] - middle * frame[f"{name}.below"]) / below

    where, share = _place(
        now.assign(part=beyond_size(now, below_now)), before.assign(part=beyond_size(before, below_before)), after - was
    )
    return Change(name, was * scale, after * scale, where, share)


def _rate_moved(hits_a: int, n_a: int, hits_b: int, n_b: int) -> bool:
    if not rate_can_be_judged(hits_a, n_a, hits_b, n_b):
        return False
    found = shares_differ(hits_a, n_a, hits_b, n_b)
    return found is not None and found.p < _CHANCE and abs(found.change) * 100 >= _POINTS


def _mean_moved(was: float, after: float, n: float) -> bool:
    return n >= _FEWEST and was != 0 and abs(after - was) / abs(was) >= _PART


def _place(now: pd.DataFrame, before: pd.DataFrame, change: float) -> tuple[dict[str, str], float]:
    """The narrowest place that makes up most of the change; none where it is spread out, or all calls are of one.

    `part` is the column of what each row adds to the figure.
    """
    for place in PLACES:
        keys = list(place)
        sums = [frame[(frame[keys] != "").all(axis=1)].groupby(keys)["part"].sum() for frame in (now, before)]
        share = sums[0].sub(sums[1], fill_value=0.0) / change
        if len(share) > 1 and share.max() >= _MOST_OF_IT:
            key = share.idxmax()
            values = key if isinstance(key, tuple) else (key,)
            return dict(zip(keys, map(str, values), strict=True)), float(share.max())
    return {}, 0.0
