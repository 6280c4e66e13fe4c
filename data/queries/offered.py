"""The figures of offered calls: of all, by queue, over time and over the hours of the week, in one pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, func, literal, null, select, tuple_

from data.analytics import AnalyticCopy
from data.callsets import CALL_SETS
from data.filters import UNKNOWN, CallFilter
from data.kpis import among_counted
from data.models import calls
from data.times import Buckets, wall_clock

c = calls.c
#: What the calls are grouped by; of all groups but a row's own it is unknown.
_GROUPS = ("bucket", "queue", "weekday", "hour")


@dataclass(frozen=True, slots=True)
class Offered:
    """The same figures of everything (by name), and as frames: course with bucket_start, queues with queue, hours with
    weekday (0 = Monday) and hour of the zone's clock; where there are no calls there is no row."""

    whole: Mapping[str, Any]
    course: pd.DataFrame
    queues: pd.DataFrame
    hours: pd.DataFrame


def offered(
    copy: AnalyticCopy, chosen: CallFilter, grid: Buckets, figures: Mapping[str, ColumnElement[Any]]
) -> Offered:
    """Of the offered calls of a closed range; no figure may be a percentile, which is best asked for alone."""
    assert chosen.start is not None and chosen.end is not None
    weekday, hour = wall_clock(c.started_at, chosen.start, max(chosen.end, chosen.start + 1), chosen.zone)
    bucket = grid.index_of(c.started_at) if len(grid) else null()
    groups = dict(zip(_GROUPS, (bucket, func.coalesce(c.queue, literal(UNKNOWN)), weekday, hour), strict=True))
    labelled = {name: sql.label(name) for name, sql in groups.items()}
    query = chosen.apply(select(*labelled.values(), *(among_counted(sql).label(name) for name, sql in figures.items())))
    each = (tuple_(labelled["bucket"]), tuple_(labelled["queue"]), tuple_(labelled["weekday"], labelled["hour"]))
    found = copy.frame(query.where(CALL_SETS["offered"]).group_by(func.grouping_sets(*each, tuple_())), "offered")
    known = {name: found[name].notna() for name in groups}
    whole = found[~np.logical_or.reduce(list(known.values()))][[*figures]].astype(object)
    course = found[known["bucket"]]
    starts = np.array(grid.starts, dtype=np.int64)[course["bucket"].to_numpy(dtype=np.int64)]
    hours = found[known["weekday"]].astype({"weekday": "int64", "hour": "int64"})
    return Offered(
        whole=whole.where(whole.notna(), None).iloc[0].to_dict(),
        course=course[[*figures]].assign(bucket_start=starts).sort_values("bucket_start", ignore_index=True),
        queues=found[known["queue"]][["queue", *figures]],
        hours=hours[["weekday", "hour", *figures]].sort_values(["weekday", "hour"], ignore_index=True),
    )
