"""Every figure about calls, defined once: as one SQL aggregate over the calls table.

Pages, API, reports and alerts take the expressions from here and only group them differently, so a figure can't differ
between two of them. A rate without calls is NULL (shown as "–"), never 0 or 100.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Case, ColumnElement, Double, Integer, and_, case, func, literal_column, null
from sqlalchemy.sql.elements import BooleanClauseList, Grouping
from sqlalchemy.sql.operators import and_ as all_of
from sqlalchemy.sql.visitors import replacement_traverse

from data.kept import ANSWERED_WAIT, CURRENCY, QUEUED, QUEUED_WAIT
from data.models import COUNTED, Status, calls
from data.possible import END_TO_END, POSSIBLE, possible
from data.sqlx import count_if, percentile, ratio

c = calls.c

# Written into the SQL: each bound parameter costs the planner time, and a query over all figures has dozens of these.
_ZERO = literal_column("0", Integer)
_HUNDRED: ColumnElement[float] = literal_column("1e2", Double)
_SIXTY: ColumnElement[float] = literal_column("60.0", Double)

#: Ended and not a test or phantom call.
COUNTS = and_(*(c.status != literal_column(f"'{s}'") for s in Status if s not in COUNTED))
#: Inbound calls that joined a queue and have ended.
OFFERED = and_(COUNTS, QUEUED)
ANSWERED = and_(OFFERED, c.answered_at.is_not(None))
ABANDONED = and_(OFFERED, c.status == literal_column(f"'{Status.ABANDONED}'"))
#: Calls with an end-to-end latency that can be.
MEASURED = and_(COUNTS, possible(END_TO_END))

#: Default of service level X: answered within so many seconds.
SERVICE_LEVEL_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Kpi:
    """A figure: what it is called, in which unit, whether more of it is good, and what it counts."""

    label: str
    unit: str
    better: str
    definition: str
    sql: ColumnElement[Any]


def count_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows meet the condition (0 without rows)."""
    return count_if(condition)


def has_status(status: Status) -> ColumnElement[bool]:
    """Rows of one status (written into the SQL: a closed word list)."""
    return c.status == literal_column(f"'{status}'")


def _percent(part: ColumnElement[bool], whole: ColumnElement[Any]) -> ColumnElement[float]:
    return ratio(_HUNDRED * count_where(part), whole)


def _of(condition: ColumnElement[bool], value: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((condition, value), else_=null())


def service_level(seconds: float = SERVICE_LEVEL_SECONDS, *, abandoned: str = "count") -> ColumnElement[float]:
    """Percent of offered calls answered within `seconds`; `abandoned="exclude"` leaves abandoned calls out below."""
    within = and_(COUNTS, seconds >= ANSWERED_WAIT)
    whole = count_where(OFFERED) - count_where(ABANDONED) if abandoned == "exclude" else count_where(OFFERED)
    return _percent(within, whole)


TOTAL = count_where(COUNTS)
#: The end-to-end latency of the calls that are MEASURED.
_LATENCY = _of(COUNTS, POSSIBLE[END_TO_END])
_DURATION = _of(COUNTS, c.duration_seconds)
_OFFERED_WAIT = _of(COUNTS, QUEUED_WAIT)
_ONE_CURRENCY = func.min(_of(COUNTS, CURRENCY)) == func.max(_of(COUNTS, CURRENCY))


_PRICED = and_(COUNTS, c.cost.is_not(None))
_KNOWN_COST = func.sum(_of(COUNTS, c.cost))


def _in_one_currency(amount: ColumnElement[Any], by: ColumnElement[Any]) -> ColumnElement[Any]:
    """The amount / what it bought."""
    return case((_ONE_CURRENCY, ratio(amount, by)), else_=null())


KPIS: Mapping[str, Kpi] = {
    "total_calls": Kpi("Total calls", "calls", "up", "Ended calls that are not invalid.", TOTAL),
    "success_rate": Kpi(
        "Success rate", "%", "up", "Successful calls / total calls.", _percent(has_status(Status.SUCCESS), TOTAL)
    ),
    "error_rate": Kpi(
        "Error rate",
        "%",
        "down",
        "Calls that failed by the platform or carrier / total calls.",
        _percent(has_status(Status.ERROR), TOTAL),
    ),
    "abandonment_rate": Kpi(
        "Abandonment rate",
        "%",
        "down",
        "Calls whose caller left before an answer / offered calls.",
        _percent(ABANDONED, count_where(OFFERED)),
    ),
    "offered": Kpi("Offered", "calls", "up", "Inbound calls that joined a queue.", count_where(OFFERED)),
    "avg_duration_seconds": Kpi(
        "Average duration", "s", "", "Mean time from answer to end, of answered calls.", func.avg(_DURATION)
    ),
    "p50_duration_seconds": Kpi(
        "Median duration", "s", "", "Half of the answered calls were shorter.", percentile(_DURATION, 0.5)
    ),
    "p95_duration_seconds": Kpi(
        "p95 duration", "s", "", "95 % of the answered calls were shorter.", percentile(_DURATION, 0.95)
    ),
    "p99_duration_seconds": Kpi(
        "p99 duration", "s", "", "99 % of the answered calls were shorter.", percentile(_DURATION, 0.99)
    ),
    "aht_seconds": Kpi(
        "Average handle time",
        "s",
        "down",
        "Mean of talk, hold and after-call work, of answered calls.",
        # Talk and hold lie between answer and end; after-call work comes on top.
        func.avg(_DURATION + func.coalesce(c.after_call_seconds, _ZERO)),
    ),
    "asa_seconds": Kpi(
        "Average speed of answer",
        "s",
        "down",
        "Mean wait of answered calls, from joining the queue.",
        func.avg(_of(COUNTS, ANSWERED_WAIT)),
    ),
    "avg_wait_seconds": Kpi("Average wait", "s", "down", "Mean wait of offered calls.", func.avg(_OFFERED_WAIT)),
    "p50_wait_seconds": Kpi(
        "Median wait", "s", "down", "Half of the offered calls waited less.", percentile(_OFFERED_WAIT, 0.5)
    ),
    "p95_wait_seconds": Kpi(
        "p95 wait", "s", "down", "95 % of the offered calls waited less.", percentile(_OFFERED_WAIT, 0.95)
    ),
    "service_level": Kpi(
        "Service level",
        "%",
        "up",
        "Calls answered within 20 s / offered calls, abandoned ones counted.",
        service_level(),
    ),
    "csat": Kpi("Satisfaction", "of 5", "up", "Mean rating of calls that were rated.", func.avg(_of(COUNTS, c.csat))),
    "cost": Kpi(
        "Cost",
        "money",
        "down",
        "Sum of the known costs, where all are in one currency.",
        case((_ONE_CURRENCY, func.sum(_of(COUNTS, c.cost))), else_=null()),
    ),
    "cost_per_call": Kpi(
        "Cost per call",
        "money",
        "down",
        "Mean cost of the calls whose cost is known, where all are in one currency.",
        case((_ONE_CURRENCY, func.avg(_of(COUNTS, c.cost))), else_=null()),
    ),
    "cost_per_minute": Kpi(
        "Cost per minute",
        "money",
        "down",
        "Cost of all calls whose cost is known / their answered minutes, where all are in one currency.",
        # Multiplied after the sum: DuckDB would compute each call's minutes in decimals.
        _in_one_currency(_KNOWN_COST * _SIXTY, func.sum(_of(_PRICED, c.duration_seconds))),
    ),
    "cost_per_success": Kpi(
        "Cost per success",
        "money",
        "down",
        "Cost of all calls whose cost is known / how many of them succeeded, where all are in one currency.",
        _in_one_currency(_KNOWN_COST, count_where(and_(has_status(Status.SUCCESS), c.cost.is_not(None)))),
    ),
    "avg_latency_ms": Kpi(
        "Average latency",
        "ms",
        "down",
        "Mean end-to-end response latency of calls; values longer than their call are left out.",
        func.avg(_LATENCY),
    ),
    "p95_latency_ms": Kpi(
        "p95 latency",
        "ms",
        "down",
        "95 % of the calls had a lower end-to-end latency; values longer than their call are left out.",
        percentile(_LATENCY, 0.95),
    ),
}

#: Optional figures: how many of the counted calls carry the column.
COVERAGE: Mapping[str, ColumnElement[int]] = {
    name: func.count(_of(COUNTS, c[column]))
    for name, column in {
        "duration": "duration_seconds",
        "wait": "wait_seconds",
        "csat": "csat",
        "cost": "cost",
        "sentiment": "sentiment",
    }.items()
} | {"latency": func.count(_LATENCY)}


def among_counted(figure: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same figure, for a query whose calls are narrowed to COUNTS: not asked of each of them once more.

    A third of the time of a query over all figures goes into that condition, which stands in nearly every one of them.
    """
    shorter: ColumnElement[Any] = replacement_traverse(figure, {}, _without_counts)
    return shorter


def _without_counts(element: Any, **_: Any) -> Any:
    """What stands in the place of a part of a figure; None where that stays as it is."""
    if isinstance(element, count_if) and not _beside_counts(*element.clauses):
        return func.count()
    if isinstance(element, Case) and not _beside_counts(element.whens[0][0]):
        return element.whens[0][1]
    if isinstance(element, BooleanClauseList) and len(rest := _beside_counts(element)) < len(element.clauses):
        return and_(*rest)
    return None


def _beside_counts(condition: Any) -> list[Any]:
    """The parts of a condition that are none of those of COUNTS."""
    if isinstance(condition, Grouping):
        condition = condition.element
    if not isinstance(condition, BooleanClauseList) or condition.operator is not all_of:
        return [condition]
    known = {id(part) for part in COUNTS.clauses}
    return [part for part in condition.clauses if id(part) not in known]
