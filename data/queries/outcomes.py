"""How calls ended, what callers thought of them, what they cost, and whether their callers had to call again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Integer, cast, func, select

from data.analytics import AnalyticCopy
from data.callsets import CALL_SETS
from data.filters import UNKNOWN, CallFilter
from data.kept import CURRENCY
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


#: What is counted of each agent's calls and, summed up, of all.
_COUNTED: list[Any] = [
    *(among_counted(count_where(CALL_SETS[name])).label(name) for name in _SETS),
    func.coalesce(func.sum(c.csat), 0).label("ratings"),
]


def outcomes(copy: AnalyticCopy, chosen: CallFilter, *, now: int) -> Outcomes:
    """The outcomes of a filter as of `now` (UTC microseconds)."""
    chosen = bounded(copy, chosen, now)
    with side_by_side(copy) as ask:
        repeated = ask(repeats, copy, chosen, now=now)
        spent = ask(costs, copy, chosen)
        counted = ask(copy.frame, chosen.apply(select(c.agent, *_COUNTED).where(COUNTS)).group_by(c.agent), "outcomes")
        reasons = ask(_reasons, copy, chosen)
        ratings, sentiments = ask(_ratings, copy, chosen), ask(_sentiments, copy, chosen)
    agents = counted.result()
    whole = agents[[*_SETS, "ratings"]].sum()
    return Outcomes(
        filter=chosen,
        as_of=now,
        sets={name: int(whole[name]) for name in _SETS},
        reasons=reasons.result(),
        early=_early(agents),
        ratings=ratings.result(),
        mean_rating=float(whole["ratings"] / whole["rated"]) if whole["rated"] else None,
        sentiments=sentiments.result(),
        costs=spent.result(),
        repeats=repeated.result(),
    )


def _reasons(copy: AnalyticCopy, chosen: CallFilter) -> pd.DataFrame:
    frame = end_reasons(copy, chosen)
    names = {name: frame[name].fillna(UNKNOWN) for name in ("end_reason_group", "end_reason")}
    found = frame.assign(**names).groupby(list(names), as_index=False)["calls"].sum()
    return pd.DataFrame(found).sort_values(["calls", "end_reason"], ascending=[False, True], ignore_index=True)


def _early(agents: pd.DataFrame) -> pd.DataFrame:
    """Callers who hung up early, by agent; most first."""
    named = agents[agents["agent"].notna() & (agents["ending_known"] > 0)]
    frame = named[["agent", "ending_known", "hung_up_early"]].set_axis(["agent", "known", "hung_up"], axis=1)
    return frame.sort_values(["hung_up", "agent"], ascending=[False, True], ignore_index=True)


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


#: Over priced calls: the sum of the whole and of each part, and what it bought; one of the currencies, and the lowest
#: and highest of their numbers.
_SUMS: Mapping[str, ColumnElement[Any]] = {
    name: func.coalesce(func.sum(column), 0.0)
    for name, column in {"cost": c.cost, "seconds": c.duration_seconds, **{n: c[f"cost_{n}"] for n in PARTS}}.items()
} | {
    "currency": func.any_value(c.currency),
    "first": func.min(CURRENCY),
    "last": func.max(CURRENCY),
    "calls": func.count(),
    "successes": count_where(has_status(Status.SUCCESS)),
}


def costs(copy: AnalyticCopy, chosen: CallFilter) -> Costs | None:
    """What the calls of a closed range cost; None where nothing is known, or not in one currency."""
    assert chosen.start is not None and chosen.end is not None
    width = step_for(max(chosen.end - chosen.start, MINUTE), _MOST_BUCKETS)
    grid: Buckets = buckets(chosen.start, chosen.end, width, chosen.zone)
    priced = replace(chosen, of=(*chosen.of, "priced"))
    course = filled(series(copy, priced, grid, dict(_SUMS), name="cost_course"), grid)
    if len({*course["first"].dropna(), *course["last"].dropna()}) != 1:
        return None
    # Sums of cents leave billionths behind.
    course[REST] = (course["cost"] - course[[*PARTS]].sum(axis=1)).round(9)
    whole = course[[*PARTS, REST, "seconds", "calls", "successes"]].sum()
    return Costs(
        currency=str(course["currency"].dropna().iloc[0]),
        step=width if isinstance(width, int) else {"week": 7 * DAY, "month": 28 * DAY}[width],
        edges=[*grid.starts, grid.end],
        course=course[["bucket_start", *PARTS, REST]],
        parts={name: round(float(whole[name]), 9) + 0.0 for name in (*PARTS, REST)},
        calls=int(whole["calls"]),
        minutes=float(whole["seconds"]) / 60,
        successes=int(whole["successes"]),
    )
