"""The values that a filter can choose from: those that its calls have, and how many calls have each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import orjson
import pandas as pd
from sqlalchemy import func, select

from data.analytics import AnalyticCopy
from data.filters import UNKNOWN, CallFilter
from data.models import calls

#: Lists of tags that differ; beyond them, rare ones are not counted.
_MOST_LISTS = 20_000

Counted = list[tuple[str, int]]


def values(copy: AnalyticCopy, chosen: CallFilter, facet: str, *, search: str = "", limit: int = 200) -> Counted:
    """Values of a facet and their calls, of any status, most calls first.

    All of the filter holds but the facet's own choice, so that more of it can be chosen. Values are those in which the
    text occurs, whatever its case; UNKNOWN stands for calls without one.
    """
    none: dict[str, Any] = {facet: ()}
    others = replace(chosen, **none)
    column = calls.c[facet]
    query: Any = others.apply(select(column.label("value"), func.count().label("calls"))).group_by(column)
    if facet == "tags":
        frame = copy.frame(query.order_by(func.count().desc()).limit(_MOST_LISTS), "values")
        found = _of_lists(_pairs(frame))
        return [pair for pair in found if search.casefold() in pair[0].casefold()][:limit]
    if search:
        query = query.where(column.icontains(search, autoescape=True))
    return _pairs(copy.frame(query.order_by(func.count().desc(), column).limit(limit), "values"))


def _pairs(frame: pd.DataFrame) -> Counted:
    names = frame["value"].astype(object).where(frame["value"].notna(), UNKNOWN)
    return list(zip(names.tolist(), frame["calls"].tolist(), strict=True))


def _of_lists(lists: Iterable[tuple[str, int]]) -> Counted:
    """The single tags of lists in JSON."""
    found: Counter[str] = Counter()
    for text, count in lists:
        tags = [] if text == UNKNOWN else orjson.loads(text)
        for tag in set(tags) or {UNKNOWN}:
            found[tag] += count
    return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
