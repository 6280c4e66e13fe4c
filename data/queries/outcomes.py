"""How calls ended, what callers thought of them, what they cost, and whether their callers had to call again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Double, Integer, cast, func, literal_column, select

from data.analytics import AnalyticCopy
from data.callsets import CALL_SETS
from data.filters import UNKNOWN, CallFilter
from data.kpis import COUNTS, among_counted, count_where, has_status
from data.models import Status, calls
from data.queries.beside import side_by_side
from data.queries.repeats import Repeats, repeats
from data.queries.series import bounded, end_reasons, filled, series
from data.times import DAY, MINUTE, Buckets, buckets, step_for

c = calls.c
#: From the queue to a success; each step is a part of the one before.
FUNNEL = ("offered", "answered", "talked", "talked_success")
PARTS = ("telephony", "stt", "llm", "tts", "platform")
#: What of a cost no part names.
REST = "rest"
_SETS = ("counted", *FUNNEL, "timed", "ending_known", "hung_up_early", "rated", "judged", "priced")
_MOST_BUCKETS = 60


@dataclass(frozen=True, slots=True)
class Costs:
    """Sums of the priced calls in their one currency: by part over time, and over the whole range.

    course: bucket_start and a sum a part and the rest. minutes and successes: of the priced calls.
    """

    currency: str
    step: int
    edges: list[int]
    course: pd.DataFrame
    parts: Mapping[str, float]
    calls: int
    minutes: float
    successes: int

    @property
    def total(self) -> float:
        """All of it."""
        return sum(self.parts.values())


@dataclass(frozen=True, slots=True)
class Outcomes:
    """reasons: end_reason_group, end_reason, calls. sets: calls in each named set. early: agent, known, hung_up.

    ratings: calls by rounded rating. sentiments: calls by word. costs: None without, or in several currencies.
    """

    filter: CallFilter
    as_of: int
    sets: Mapping[str, int]
    reasons: pd.DataFrame
    early: pd.DataFrame
    ratings: Mapping[int, int]
    mean_rating: float | None
    sentiments: Mapping[str, int]
    costs: Costs | None
    repeats: list[Repeats]


_COLUMNS: list[Any] = [
    *(among_counted(count_where(CALL_SETS[name])).label(name) for name in _SETS),
    func.avg(c.csat).label("mean_rating"),
]


def outcomes(copy: AnalyticCopy, chosen: CallFilter, *, now: int) -> Outcomes:
    """The outcomes of a filter as of `now` (UTC microseconds)."""
    chosen = bounded(copy, chosen, now)
    with side_by_side(copy) as ask:
        repeated = ask(repeats, copy, chosen, now=now)
        spent = ask(costs, copy, chosen)
        counted = ask(copy.row, chosen.apply(select(*_COLUMNS).where(COUNTS)), "outcomes")
        reasons, early = ask(_reasons, copy, chosen), ask(_early, copy, chosen)
        ratings, sentiments = ask(_ratings, copy, chosen), ask(_sentiments, copy, chosen)
    row = counted.result()
    return Outcomes(
        filter=chosen,
        as_of=now,
        sets={name: int(row[name]) for name in _SETS},
        reasons=reasons.result(),
        early=early.result(),
        ratings=ratings.result(),
        mean_rating=row["mean_rating"],
        sentiments=sentiments.result(),
        costs=spent.result(),
        repeats=repeated.result(),
    )


def _reasons(copy: AnalyticCopy, chosen: CallFilter) -> pd.DataFrame:
    frame = end_reasons(copy, chosen)
    names = {name: frame[name].fillna(UNKNOWN) for name in ("end_reason_group", "end_reason")}
    found = frame.assign(**names).groupby(list(names), as_index=False)["calls"].sum()
    return pd.DataFrame(found).sort_values(["calls", "end_reason"], ascending=[False, True], ignore_index=True)


def _early(copy: AnalyticCopy, chosen: CallFilter) -> pd.DataFrame:
    """Callers who hung up early, by agent; most first."""
    columns = [
        count_where(CALL_SETS["ending_known"]).label("known"),
        count_where(CALL_SETS["hung_up_early"]).label("hung_up"),
    ]
    query = chosen.apply(select(c.agent, *columns).where(c.agent.is_not(None))).group_by(c.agent)
    frame = copy.frame(query, "early")
    return frame[frame["known"] > 0].sort_values(["hung_up", "agent"], ascending=[False, True], ignore_index=True)


def _ratings(copy: AnalyticCopy, chosen: CallFilter) -> dict[int, int]:
    rounded = cast(func.floor(c.csat + 0.5), Integer).label("rating")
    columns: list[Any] = [rounded, func.count().label("n")]
    query = chosen.apply(select(*columns).where(CALL_SETS["rated"])).group_by("rating")
    frame = copy.frame(query, "ratings")
    return {int(rating): int(n) for rating, n in zip(frame["rating"], frame["n"], strict=True)}


def _sentiments(copy: AnalyticCopy, chosen: CallFilter) -> dict[str, int]:
    query = select(c.sentiment, func.count().label("n")).where(CALL_SETS["judged"])
    frame = copy.frame(chosen.apply(query).group_by(c.sentiment), "sentiments")
    frame = frame.sort_values(["n", "sentiment"], ascending=[False, True])
    return {str(name): int(n) for name, n in zip(frame["sentiment"], frame["n"], strict=True)}


def _sums() -> dict[str, ColumnElement[Any]]:
    """Over priced calls: the sum of each part and of what no part names, and what it bought."""
    zero = literal_column("0.0", Double)
    parts = {name: func.coalesce(c[f"cost_{name}"], zero) for name in PARTS}
    rest: ColumnElement[Any] = c.cost
    for part in parts.values():
        rest = rest - part
    bought = {"seconds": func.coalesce(c.duration_seconds, zero)}
    summed = {name: func.coalesce(func.sum(sql), zero) for name, sql in (parts | {REST: rest} | bought).items()}
    currencies = {"currency": func.min(c.currency), "last_currency": func.max(c.currency)}
    return summed | currencies | {"calls": func.count(), "successes": count_where(has_status(Status.SUCCESS))}


_SUMS = _sums()


def costs(copy: AnalyticCopy, chosen: CallFilter) -> Costs | None:
    """What the calls of a closed range cost; None where nothing is known, or not in one currency."""
    assert chosen.start is not None and chosen.end is not None
    width = step_for(max(chosen.end - chosen.start, MINUTE), _MOST_BUCKETS)
    grid: Buckets = buckets(chosen.start, chosen.end, width, chosen.zone)
    priced = replace(chosen, of=(*chosen.of, "priced"))
    course = filled(series(copy, priced, grid, _SUMS, name="cost_course"), grid)
    currencies = {*course["currency"].dropna(), *course["last_currency"].dropna()}
    if len(currencies) != 1:
        return None
    whole = course[[*PARTS, REST, "seconds", "calls", "successes"]].sum()
    return Costs(
        currency=currencies.pop(),
        step=width if isinstance(width, int) else {"week": 7 * DAY, "month": 28 * DAY}[width],
        edges=[*grid.starts, grid.end],
        course=course[["bucket_start", *PARTS, REST]],
        parts={name: _clean(float(whole[name])) for name in (*PARTS, REST)},
        calls=int(whole["calls"]),
        minutes=float(whole["seconds"]) / 60,
        successes=int(whole["successes"]),
    )


def _clean(amount: float) -> float:
    """Sums of cents leave billionths behind."""
    return round(amount, 9) + 0.0
