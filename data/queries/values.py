"""The values that a filter can choose from: those that its calls have, and how many calls have each."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import func, or_, select

from data.analytics import AnalyticCopy
from data.filters import UNKNOWN, CallFilter
from data.models import calls
from data.queries.listing import count_calls
from data.sqlx import occurs_anyhow

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
        query = query.where(occurs_anyhow(column, search))
    frame = copy.frame(query.order_by(func.count().desc(), column).limit(limit), "values")
    names = frame["value"].astype(object).where(frame["value"].notna(), UNKNOWN)
    return list(zip(names.tolist(), frame["calls"].tolist(), strict=True))


def _tags(copy: AnalyticCopy, chosen: CallFilter) -> Counted:
    """The single tags of both lists that a call has, the platform's and its reviewers'."""
    lists = [calls.c.tags, calls.c.review_tags]
    # Most calls have neither: they are what is left of all, for to look at each would take as long as all else.
    columns: list[Any] = [func.count().label("calls"), func.sum(func.count()).over().label("listed")]
    query: Any = chosen.apply(select(*lists, *columns)).where(or_(*(each.is_not(None) for each in lists)))
    query = query.group_by(*lists)
    frame = copy.frame(query.order_by(func.count().desc()).limit(_MOST_LISTS), "values")
    found: Counter[str] = Counter()
    for told, reviewed, count, _ in frame.astype(object).where(frame.notna(), "[]").itertuples(index=False):
        for tag in {*orjson.loads(told), *orjson.loads(reviewed)} or {UNKNOWN}:
            found[tag] += count
    found[UNKNOWN] += count_calls(copy, chosen) - (int(frame["listed"][0]) if len(frame) else 0)
    ranked = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(tag, count) for tag, count in ranked if count]
