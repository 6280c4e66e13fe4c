"""The latencies of a range, fetched once, and all that is made of them here.

The engine would put them in order anew for each grouping, and takes several times as long for it as numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import SmallInteger, cast, select

from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.kpis import COUNTS
from data.models import calls
from data.possible import POSSIBLE, STAGES, TIMED
from data.queries.quantiles import Floats, quantiles
from data.queries.series import filled
from data.times import DAY, Buckets

c = calls.c
#: So much of a range is fetched at once (microseconds).
_PIECE = 31 * DAY


@dataclass(frozen=True, slots=True)
class Latencies:
    """counted: how many calls there are. values: those (ms) that can be, of each stage and the whole, in any order.

    course: bucket_start, itemised (calls), the mean of each stage and the whole over these, and of each the percentile
    that was asked for. itemised and parts: the same over the whole range; parts are empty without such calls.
    """

    counted: int
    values: Mapping[str, Floats]
    course: pd.DataFrame
    itemised: int
    parts: Mapping[str, float]


def latencies(copy: AnalyticCopy, chosen: CallFilter, grid: Buckets, share: float | None) -> Latencies:
    """Of the counted calls of a closed range. `share`: the percentile of the course, if there shall be one."""
    counted, found = 0, []
    values: dict[str, list[Floats]] = {name: [np.empty(0)] for name in TIMED}
    edges = np.array([*grid.starts, grid.end], dtype=np.int64)
    # A long range in pieces, so that only the bare values grow with it.
    for piece in np.split(edges[:-1], np.flatnonzero(np.diff((edges[:-1] - edges[0]) // _PIECE)) + 1):
        if not len(piece):
            continue
        upper = int(edges[np.searchsorted(edges, piece[-1]) + 1])
        fetched = _fetched(copy, chosen, grid, int(piece[0]), upper)
        counted += len(fetched["bucket"])
        found.append(_by_bucket(fetched, share))
        for name in TIMED:
            values[name].append(_known(fetched[name]))
    sums = pd.concat(found) if found else pd.DataFrame(columns=["bucket", "itemised"])
    itemised = int(sums["itemised"].sum())
    return Latencies(
        counted=counted,
        # Each measure's pieces go as they are joined: of a year they take as much as all that is made of them.
        values={name: np.concatenate(values.pop(name)) for name in TIMED},
        course=_course(sums, grid),
        itemised=itemised,
        parts={name: float(sums[f"part.{name}"].sum()) / itemised for name in TIMED} if itemised else {},
    )


def _known(values: Floats) -> Floats:
    return values[~np.isnan(values)]


def _fetched(copy: AnalyticCopy, chosen: CallFilter, grid: Buckets, lower: int, upper: int) -> dict[str, NDArray[Any]]:
    """bucket (number), and the values that can be; one element a counted call of [lower, upper)."""
    bucket = cast(grid.index_of(c.started_at), SmallInteger).label("bucket")
    query: Any = select(bucket, *(POSSIBLE[column].label(name) for name, column in TIMED.items())).where(COUNTS)
    query = query.where(c.started_at >= lower, c.started_at < upper)
    return copy.arrays(chosen.apply(query), "latencies")


def _by_bucket(fetched: Mapping[str, NDArray[Any]], share: float | None) -> pd.DataFrame:
    """bucket, itemised, the sum of each part over these calls and, where it is asked for, the percentile of each."""
    order = np.argsort(fetched["bucket"], kind="stable")
    bucket = fetched["bucket"][order]
    first = np.flatnonzero(np.diff(bucket, prepend=-1))
    values = {name: fetched[name][order] for name in TIMED}
    unknown = {name: np.isnan(each) for name, each in values.items()}
    itemised = ~unknown["total"] & ~np.logical_and.reduce([unknown[name] for name in STAGES])
    found: dict[str, Any] = {"bucket": bucket[first], "itemised": _sums(itemised.astype(np.int64), first)}
    for name, each in values.items():
        found[f"part.{name}"] = _sums(np.where(itemised & ~unknown[name], each, 0.0), first)
        if share is not None:
            line = [quantiles(_known(group), [share])[0] for group in np.split(each, first)[1:]]
            found[f"line.{name}"] = np.array(line, dtype=np.float64)
    return pd.DataFrame(found)


def _sums(values: NDArray[Any], first: NDArray[Any]) -> NDArray[Any]:
    """Of each group, which begins at its place in `first`."""
    return np.add.reduceat(values, first) if len(first) else values[:0]


def _course(sums: pd.DataFrame, grid: Buckets) -> pd.DataFrame:
    """Means for sums, and every bucket."""
    frame = sums.drop(columns="bucket")
    frame.insert(0, "bucket_start", np.array(grid.starts, dtype=np.int64)[sums["bucket"].to_numpy(dtype=np.int64)])
    for name in TIMED if len(frame) else ():
        frame[f"part.{name}"] = (frame[f"part.{name}"] / frame["itemised"]).where(frame["itemised"] > 0)
    return filled(frame, grid, ["itemised"])
