"""One figure over time by one dimension, beside the previous period and beside what is usual at that hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, String, case, cast, func, select

from data.analytics import AnalyticCopy
from data.callsets import CALL_SETS, behind
from data.filters import UNKNOWN, CallFilter
from data.kpis import KPIS, count_where
from data.models import COUNTED, calls
from data.queries.beside import side_by_side
from data.queries.series import bounded, filled, series
from data.times import DAY, HOUR, MINUTE, Buckets, TooManyBuckets, buckets, step_for, to_datetime, wall, wall_clock

BUCKETS: Mapping[str, str | int] = {
    "15m": 15 * MINUTE,
    "hour": HOUR,
    "day": DAY,
    "week": "week",
    "month": "month",
}
#: Figures of which the parts add up to the whole.
ADDITIVE = frozenset({"total_calls", "offered", "cost"})
#: The name of all values of a dimension beyond the largest.
OTHERS = "(others)"
MOST_LINES = 8
_AUTO_BUCKETS = 60
_MOST_BUCKETS = 1_000
_MOST_OTHERS = 60
_WEEKS, _FEWEST_WEEKS = 6, 3
#: Scaled so, the median absolute deviation of a normal distribution is its standard deviation.
MAD_SCALE, BAND_WIDTH = 1.4826, 3.0

Values = list[float | None]


@dataclass(frozen=True, slots=True)
class Line:
    """One value of the dimension (the empty text: all calls): a figure a bucket and over the whole range.

    n: how many calls each figure is computed from. previous: the same buckets of the fair previous period.
    values: what the line stands for in a filter; empty where that is too long a list, or all calls.
    """

    name: str
    values: tuple[str, ...]
    series: Values
    n: list[int]
    whole: float | None
    whole_n: int
    previous: Values
    previous_whole: float | None


@dataclass(frozen=True, slots=True)
class Band:
    """What is usual for each bucket: the median of the same time of the week in the weeks before, and its bounds."""

    middle: Values
    low: Values
    high: Values


@dataclass(frozen=True, slots=True)
class Trends:
    """All that the page of trends shows. `edges` (UTC microseconds) has one more than there are buckets."""

    filter: CallFilter
    as_of: int
    metric: str
    by: str | None
    step: int
    edges: list[int]
    total: Line
    lines: list[Line]
    band: Band | None
    currency: str | None
    heat: pd.DataFrame


def trends(
    copy: AnalyticCopy, chosen: CallFilter, *, metric: str, by: str | None, bucket: str, now: int, compare: bool
) -> Trends:
    """`metric` of data/kpis.py, `by` a dimension of the filter, `bucket` a name of BUCKETS or "auto"."""
    chosen = bounded(copy, chosen, now)
    assert chosen.start is not None and chosen.end is not None
    width = step_for(max(chosen.end - chosen.start, MINUTE), _AUTO_BUCKETS) if bucket == "auto" else BUCKETS[bucket]
    grid = buckets(chosen.start, chosen.end, width, chosen.zone)
    if len(grid) > _MOST_BUCKETS:
        raise TooManyBuckets(f"bucket: {len(grid):,} buckets are too many to tell apart; choose a wider one")
    ask = _Asking(copy, chosen, metric, grid, width, compare)
    with side_by_side(copy) as beside:
        total = beside(ask.lines, None, [""])
        lines = beside(ask.split, by) if by else None
        band = beside(normal_band, copy, chosen, metric, grid, width) if isinstance(width, int) and not by else None
        paid = beside(currency, copy, chosen) if KPIS[metric].unit == "money" else None
        by_hour = beside(heat, copy, chosen, metric)
    return Trends(
        filter=chosen,
        as_of=now,
        metric=metric,
        by=by,
        step=width if isinstance(width, int) else {"week": 7 * DAY, "month": 28 * DAY}[width],
        edges=[*grid.starts, grid.end] if len(grid) else [],
        total=total.result()[0],
        lines=lines.result() if lines else [],
        band=band.result() if band else None,
        currency=paid.result() if paid else None,
        heat=by_hour.result(),
    )


@dataclass(frozen=True, slots=True)
class _Asking:
    """The questions about one figure; each is one query over all of its lines."""

    copy: AnalyticCopy
    chosen: CallFilter
    metric: str
    grid: Buckets
    width: str | int
    compare: bool

    @property
    def figures(self) -> dict[str, ColumnElement[Any]]:
        return _figures(self.metric)

    def ranked(self, by: str) -> tuple[list[str], list[str]]:
        """The values of the dimension with the most calls, and the others."""
        column = _named(by)
        query = self.chosen.apply(select(column.label("name"), self.figures["n"].label("n"))).group_by(column)
        frame = self.copy.frame(query, "trend_values")
        frame = frame[frame["n"] > 0].sort_values(["n", "name"], ascending=[False, True])
        names: list[str] = frame["name"].tolist()
        if by == "status":
            # In the order in which they are stacked everywhere.
            names.sort(key=[str(status) for status in COUNTED].index)
        if len(names) <= MOST_LINES + 1:
            return names, []
        return [*names[:MOST_LINES], OTHERS], names[MOST_LINES:]

    def split(self, by: str) -> list[Line]:
        """The lines of a dimension."""
        return self.lines(by, *self.ranked(by))

    def lines(self, by: str | None, names: Sequence[str], others: Sequence[str] = ()) -> list[Line]:
        group = _grouped(by, [name for name in names if name != OTHERS], bool(others)) if by else None
        now, whole = self._series(self.chosen, self.grid, group), self._whole(self.chosen, group)
        earlier, shape = _earlier(self.chosen, self.grid, self.width) if self.compare else (None, None)
        before, before_whole = pd.DataFrame(), pd.DataFrame()
        if earlier is not None and shape is not None:
            before = self._series(earlier, shape, group)
            previous = self.chosen.previous()
            before_whole = self._whole(previous, group) if previous else before_whole
        listed = tuple(others) if len(others) <= _MOST_OTHERS else ()
        return [
            Line(
                name=name,
                values=listed if name == OTHERS else (name,) if name else (),
                series=_column(now, name, "value", len(self.grid)),
                n=[int(n or 0) for n in _column(now, name, "n", len(self.grid))],
                whole=_cell(whole, name, "value"),
                whole_n=int(_cell(whole, name, "n") or 0),
                previous=_column(before, name, "value", len(self.grid)) if len(before) else [],
                previous_whole=_cell(before_whole, name, "value"),
            )
            for name in names
        ]

    def _series(self, chosen: CallFilter, grid: Buckets, group: ColumnElement[str] | None) -> pd.DataFrame:
        frame = series(self.copy, chosen, grid, self.figures, "name" if group is not None else None, "trend", group)
        counts = ["n", "value"] if self.metric in ("total_calls", "offered") else ["n"]
        found = filled(frame, grid, counts, "name" if group is not None else None)
        return found if group is not None else found.assign(name="")

    def _whole(self, chosen: CallFilter, group: ColumnElement[str] | None) -> pd.DataFrame:
        columns: list[Any] = [sql.label(name) for name, sql in self.figures.items()]
        query = select(*columns).select_from(calls) if group is None else select(group.label("name"), *columns)
        query = chosen.apply(query) if group is None else chosen.apply(query).group_by(group)
        frame = self.copy.frame(query, "trend_whole")
        return frame if group is not None else frame.assign(name="")


def _figures(metric: str) -> dict[str, ColumnElement[Any]]:
    return {"value": KPIS[metric].sql, "n": count_where(CALL_SETS[behind(metric)])}


def _named(by: str) -> ColumnElement[str]:
    return func.coalesce(cast(calls.c[by], String), UNKNOWN)


def _grouped(by: str, names: Sequence[str], others: bool) -> ColumnElement[str]:
    """The column's value, or that it is one of the others."""
    column = _named(by)
    return case((column.in_(names), column), else_=OTHERS) if others else column


def _earlier(chosen: CallFilter, grid: Buckets, width: str | int) -> tuple[CallFilter | None, Buckets | None]:
    """The whole previous period, in step with the grid: also what follows the running bucket."""
    earlier = chosen.previous()
    if earlier is None or earlier.start is None or not len(grid):
        return None, None
    assert chosen.start is not None
    lead = chosen.start - grid.starts[0]
    whole = replace(earlier, start=earlier.start - lead, end=earlier.start - lead + grid.end - grid.starts[0])
    return whole, buckets(whole.start or 0, whole.end or 0, width, chosen.zone)


def _column(frame: pd.DataFrame, name: str, column: str, size: int) -> Values:
    """A row of the frame as plain values, unknown as None, as many as there are buckets."""
    found = frame.loc[frame["name"] == name, column].tolist()[:size] if len(frame) else []
    return [None if pd.isna(v) else v for v in found] + [None] * (size - len(found))


def _cell(frame: pd.DataFrame, name: str, column: str) -> float | None:
    found = frame.loc[frame["name"] == name, column].tolist() if len(frame) else []
    return None if not found or pd.isna(found[0]) else float(found[0])


def normal_band(copy: AnalyticCopy, chosen: CallFilter, metric: str, grid: Buckets, width: int) -> Band | None:
    """For each bucket the median of the same time of the week in the six weeks before, and three scaled median absolute
    deviations up and down (Leys et al. 2013, J. Exp. Soc. Psychol. 49, 764: as robust as the median itself).

    Of counts the deviation is at least that of chance, the root of the median. Fewer than three weeks are no habit.
    """
    if not len(grid):
        return None
    first, last = (to_datetime(t, chosen.zone).replace(tzinfo=None) for t in (grid.starts[0], grid.starts[-1]))
    start = wall(chosen.zone, first - timedelta(weeks=_WEEKS))
    end = wall(chosen.zone, last - timedelta(weeks=1)) + width
    history = buckets(start, end, width, chosen.zone)
    oldest = copy.frame(select(func.min(calls.c.started_at).label("t")), "oldest")["t"][0]
    if pd.isna(oldest) or oldest >= end:
        return None
    counted = metric in ADDITIVE
    frame = series(copy, replace(chosen, start=start, end=end), history, {"value": KPIS[metric].sql}, name="band")
    past = filled(frame, history).set_index("bucket_start")["value"].astype("float64")
    if counted:
        # Before the first call nothing was counted; after it a bucket without calls counted none.
        past = past.fillna(0.0).where(past.index + width > oldest)
    past.index = pd.DatetimeIndex(_clock(past.index.to_numpy(), chosen.zone))
    past = past[~past.index.duplicated()]
    here = pd.DatetimeIndex(_clock(np.array(grid.starts, dtype=np.int64), chosen.zone))
    weeks = [past.reindex(here - pd.Timedelta(weeks=k)).to_numpy() for k in range(1, _WEEKS + 1)]
    return _band(np.array(weeks), counted)


def _band(weeks: Any, counted: bool) -> Band | None:
    known = np.isfinite(weeks).sum(axis=0) >= _FEWEST_WEEKS
    if not known.any():
        return None
    masked = np.where(known, weeks, 0.0)
    middle = np.nanmedian(masked, axis=0)
    spread = MAD_SCALE * np.nanmedian(np.abs(masked - middle), axis=0)
    if counted:
        spread = np.maximum(spread, np.sqrt(np.maximum(middle, 1.0)))
    low, high = middle - BAND_WIDTH * spread, middle + BAND_WIDTH * spread

    def plain(values: Any) -> Values:
        return [float(v) if k else None for v, k in zip(values, known, strict=True)]

    return Band(plain(middle), plain(np.maximum(low, 0.0)), plain(high))


def _clock(instants: Any, zone: str) -> Any:
    return pd.to_datetime(instants, unit="us", utc=True).tz_convert(zone).tz_localize(None)


def currency(copy: AnalyticCopy, chosen: CallFilter) -> str | None:
    """The one currency of the filter's costs; None where there are none or several."""
    columns = [func.min(calls.c.currency).label("low"), func.max(calls.c.currency).label("high")]
    row = copy.frame(chosen.apply(select(*columns)), "currency").iloc[0]
    return str(row["low"]) if pd.notna(row["low"]) and row["low"] == row["high"] else None


def heat(copy: AnalyticCopy, chosen: CallFilter, metric: str) -> pd.DataFrame:
    """The figure by weekday (0 = Monday) and hour of the zone's clock: weekday, hour, value, n; only where n > 0."""
    assert chosen.start is not None and chosen.end is not None
    weekday, hour = wall_clock(calls.c.started_at, chosen.start, max(chosen.end, chosen.start + 1), chosen.zone)
    columns: list[Any] = [sql.label(name) for name, sql in _figures(metric).items()]
    query = chosen.apply(select(weekday.label("weekday"), hour.label("hour"), *columns)).group_by("weekday", "hour")
    frame = copy.frame(query, "heat")
    return frame[frame["n"] > 0].sort_values(["weekday", "hour"], ignore_index=True)
