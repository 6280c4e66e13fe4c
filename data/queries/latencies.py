"""The latencies of a range, fetched once and counted, averaged and sorted here.

The engine would sort them anew for each grouping, and takes several times as long for it as numpy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import select

from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.kpis import COUNTS
from data.models import calls
from data.possible import POSSIBLE, STAGES, TIMED
from data.queries.series import filled
from data.times import DAY, Buckets

c = calls.c
#: So much of a range is fetched at once (microseconds).
_PIECE = 31 * DAY

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Latencies:
    """counted: how many calls there are. ordered: the values (ms) that can be, of each stage and the whole, ascending.

    course: bucket_start, itemised (calls), the mean of each stage and the whole over these, and of each the percentile
    that was asked for. itemised and parts: the same over the whole range; parts are empty without such calls.
    """

    counted: int
    ordered: Mapping[str, Floats]
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
        frame = _fetched(copy, chosen, grid, int(piece[0]), upper)
        counted += len(frame)
        found.append(_by_bucket(frame, share))
        for name in TIMED:
            known = frame[name].to_numpy()
            values[name].append(known[~np.isnan(known)])
    sums = pd.concat(found) if found else pd.DataFrame(columns=["bucket", "itemised"])
    itemised = int(sums["itemised"].sum())
    return Latencies(
        counted=counted,
        # Each measure's pieces go as they are joined: of a year they take as much as all that is made of them.
        ordered={name: _joined(values.pop(name)) for name in TIMED},
        course=_course(sums, grid),
        itemised=itemised,
        parts={name: float(sums[f"part.{name}"].sum()) / itemised for name in TIMED} if itemised else {},
    )


def _joined(pieces: list[Floats]) -> Floats:
    """All values, ascending."""
    whole = np.concatenate(pieces)
    whole.sort()
    return whole


def quantile(ordered: Floats, share: float) -> float | None:
    """As SQL's percentile_cont: on the line between the two values around the place; None without values."""
    if not len(ordered):
        return None
    place = (len(ordered) - 1) * share
    low = int(place)
    below, above, rest = ordered[low], ordered[min(low + 1, len(ordered) - 1)], place - low
    return float(below * (1.0 - rest) + above * rest)


def counts_between(ordered: Floats, bounds: Sequence[float]) -> list[int]:
    """How many values lie from each bound to the next; from the last one on all."""
    return [int(n) for n in np.diff([*np.searchsorted(ordered, bounds), len(ordered)])]


def _fetched(copy: AnalyticCopy, chosen: CallFilter, grid: Buckets, lower: int, upper: int) -> pd.DataFrame:
    """bucket (number), and the values that can be; one row a counted call of [lower, upper)."""
    columns: list[Any] = [POSSIBLE[column].label(name) for name, column in TIMED.items()]
    query: Any = select(grid.index_of(c.started_at).label("bucket"), *columns).where(COUNTS)
    query = query.where(c.started_at >= lower, c.started_at < upper)
    return copy.frame(chosen.apply(query), "latencies")


def _by_bucket(frame: pd.DataFrame, share: float | None) -> pd.DataFrame:
    """bucket, itemised, the sum of each part over these calls and, where it is asked for, the percentile of each."""
    # Nearly in order as they come: for such, this way of sorting takes next to nothing.
    order = np.argsort(frame["bucket"].to_numpy(), kind="stable")
    bucket = frame["bucket"].to_numpy()[order]
    first = np.flatnonzero(np.diff(bucket, prepend=-1))
    values = {name: frame[name].to_numpy(dtype=np.float64)[order] for name in TIMED}
    unknown = {name: np.isnan(each) for name, each in values.items()}
    itemised = ~unknown["total"] & ~np.logical_and.reduce([unknown[name] for name in STAGES])
    found: dict[str, Any] = {"bucket": bucket[first], "itemised": _sums(itemised.astype(np.int64), first)}
    for name, each in values.items():
        found[f"part.{name}"] = _sums(np.where(itemised & ~unknown[name], each, 0.0), first)
        if share is not None:
            groups = np.split(each, first)[1:]
            line = [quantile(np.sort(group[~np.isnan(group)]), share) for group in groups]
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
