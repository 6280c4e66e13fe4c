"""The values that a filter can choose from: those that its calls have, and how many calls have each."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import orjson
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
    if facet == "tags":
        return [pair for pair in _tags(copy, others) if search.casefold() in pair[0].casefold()][:limit]
    column = calls.c[facet]
    query: Any = others.apply(select(column.label("value"), func.count().label("calls"))).group_by(column)
    if search:
        query = query.where(column.icontains(search, autoescape=True))
    frame = copy.frame(query.order_by(func.count().desc(), column).limit(limit), "values")
    names = frame["value"].astype(object).where(frame["value"].notna(), UNKNOWN)
    return list(zip(names.tolist(), frame["calls"].tolist(), strict=True))


def _tags(copy: AnalyticCopy, chosen: CallFilter) -> Counted:
    """The single tags of both lists that a call has, the platform's and its reviewers'."""
    lists = [func.coalesce(calls.c[name], "[]").label(name) for name in ("tags", "review_tags")]
    query: Any = chosen.apply(select(*lists, func.count().label("calls"))).group_by(*lists)
    frame = copy.frame(query.order_by(func.count().desc()).limit(_MOST_LISTS), "values")
    found: Counter[str] = Counter()
    for told, reviewed, count in frame.itertuples(index=False):
        for tag in {*orjson.loads(told), *orjson.loads(reviewed)} or {UNKNOWN}:
            found[tag] += count
    return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
