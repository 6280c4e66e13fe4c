"""Queries: /api/v1/query and /api/v1/query_range."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from alerts.promql import Limits, Matrix, PromQLError, QueryStopped, Scalar, Vector, instant, range_query
from app.api.describe import TEXT, Parameter, listing, obj
from app.api.prometheus import parameters
from app.api.prometheus.envelope import QueryFailed, limited, route, told
from app.api.prometheus.notation import number, seconds
from app.api.prometheus.turns import LONGEST_MS, turn
from app.services import services

_MOST_INTERVALS = 11_000
#: Of all series of an answer together, which is then some 30 MB long.
MOST_POINTS = 1_000_000
_TIMEOUT = Parameter("timeout", f"Give up after this time; {LONGEST_MS // 1000} s at the latest.")
_LOOKBACK = Parameter("lookback_delta", "How old the latest sample may be. Default: 5m.")
_COMMON = (_TIMEOUT, parameters.LIMIT, _LOOKBACK)
_RESULT = obj(resultType=TEXT, result=listing({}))


@route(
    "/api/v1/query",
    "PromQL at one instant",
    parameters=[
        parameters.QUERY,
        Parameter("time", "The instant: seconds since 1970, or RFC 3339. Default: now."),
        *_COMMON,
    ],
    data=_RESULT,
    post=True,
)
def query() -> Any:
    limit, at = parameters.limit(), parameters.instant("time", parameters.now())
    expr = parameters.query()
    with _asked() as limits:
        match instant(expr, services().samples, at, limits):
            case Matrix() as found:
                return _matrix(found, limit)
            case Vector(labels, values):
                pairs = zip(labels, values.tolist(), strict=True)
                kept, truncated = limited(list(pairs), limit)
                shown = [{"metric": each, "value": [seconds(at), number(value)]} for each, value in kept]
                return told({"resultType": "vector", "result": shown}, truncated)
            case Scalar(value):
                return {"resultType": "scalar", "result": [seconds(at), number(value)]}
            case text:
                return {"resultType": "string", "result": [seconds(at), text]}


@route(
    "/api/v1/query_range",
    "PromQL at every step of a range",
    parameters=[
        parameters.QUERY,
        parameters.START,
        parameters.END,
        Parameter("step", "Seconds or a duration such as 15s."),
        *_COMMON,
    ],
    data=_RESULT,
    post=True,
)
def query_range() -> Any:
    limit = parameters.limit()
    start, end = parameters.instant("start", None), parameters.instant("end", None)
    if end < start:
        raise parameters.bad("end", "end timestamp must not be before start time")
    step = parameters.span("step", None)
    if step <= 0:
        reason = "zero or negative query resolution step widths are not accepted. Try a positive integer"
        raise parameters.bad("step", reason)
    if (end - start) // step > _MOST_INTERVALS:
        reason = f"exceeded maximum resolution of {_MOST_INTERVALS:,} points per timeseries. "
        raise QueryFailed("bad_data", f"{reason}Try decreasing the query resolution (?step=XX)")
    expr = parameters.query()
    if expr.kind not in ("vector", "scalar"):
        raise parameters.bad("query", f"a range query needs an instant vector or a number, not a {expr.kind}")
    with _asked() as limits:
        return _matrix(range_query(expr, services().samples, start, end, step, limits), limit)


@contextmanager
def _asked() -> Iterator[Limits]:
    """Wait for a turn; yields what the query may use, and gives its errors their kinds."""
    lookback = parameters.span("lookback_delta", Limits().lookback)
    with turn(parameters.span("timeout", LONGEST_MS)) as stop:
        try:
            yield Limits(lookback=lookback, stop=stop)
        except QueryStopped:
            raise QueryFailed("timeout", "query timed out in expression evaluation: narrow it or its range") from None
        except PromQLError as error:
            raise QueryFailed("execution", str(error)) from None


def _matrix(found: Matrix, limit: int) -> Any:
    count = int(found.here.sum())
    if count > MOST_POINTS:
        raise PromQLError(f"the answer has {count:,} points, more than {MOST_POINTS:,}: narrow it or widen the step")
    rows, truncated = limited(
        sorted(range(len(found.labels)), key=lambda row: sorted(found.labels[row].items())), limit
    )
    # Written here: a list for each point would take ten times the memory.
    times = [f'[{seconds(at)},"' for at in found.times.tolist()]
    shown = []
    for row in rows:
        pairs = zip(times, found.values[row].tolist(), found.here[row].tolist(), strict=True)
        points = ",".join([f'{time}{number(value)}"]' for time, value, here in pairs if here])
        shown.append({"metric": found.labels[row], "values": orjson.Fragment(f"[{points}]")})
    return told({"resultType": "matrix", "result": shown}, truncated)
