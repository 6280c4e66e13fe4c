"""How the service itself has been: machine, response times, errors, uptime; answered from the stored samples."""

from __future__ import annotations

import math
from typing import Any

from flask import Blueprint, Response, request

from alerts.promql import Limits, Matrix, Scalar, Vector, instant, parse, range_query
from app.api.describe import (
    INSTANT,
    INTEGER,
    MAYBE_NUMBER,
    NUMBER,
    TEXT,
    Parameter,
    endpoint,
    json_answer,
    listing,
    obj,
)
from app.api.errors import ApiError
from app.services import services
from data.samples.model import Samples
from data.samples.sampler import INTERVAL_SECONDS
from data.times import now_micros, to_iso

blueprint = Blueprint("system", __name__)

_LEAST_STEP_MS = int(INTERVAL_SECONDS * 1000)
_MOST_POINTS = 240
#: `$window` is as long as a step, at least so long that it holds several samples.
_LEAST_WINDOW_MS = 60_000
_BY_ENDPOINT = "sum by (endpoint, le) (rate(voicehive_api_response_time_seconds_bucket[$window]))"
_SERIES = {
    "cpu_percent": "avg_over_time(voicehive_system_cpu_usage_percent[$window])",
    "memory_percent": "avg_over_time(voicehive_system_memory_usage_percent[$window])",
    "requests_per_second": "sum by (endpoint) (rate(voicehive_api_requests_total[$window]))",
    "response_p50_seconds": f"histogram_quantile(0.5, {_BY_ENDPOINT})",
    "response_p95_seconds": f"histogram_quantile(0.95, {_BY_ENDPOINT})",
    "response_p99_seconds": f"histogram_quantile(0.99, {_BY_ENDPOINT})",
    "errors_per_second": "sum by (code) (rate(voicehive_errors_total[$window]))",
    # Counted as in the rule voicehive:api_errors:rate5m, which says why.
    "failed_requests_percent": (
        "100 * sum("
        'rate(voicehive_api_requests_total{status=~"5..",status!="503"}[$window])'
        ' or rate(voicehive_api_requests_total{status="503",endpoint!~"/api/v1/.+"}[$window])'
        ") / (sum(rate(voicehive_api_requests_total[$window])) > 0)"
    ),
    "up": "avg by (job) (avg_over_time(up[$window]))",
}
_POINTS = obj(labels={"type": "object", "additionalProperties": TEXT}, values=listing(MAYBE_NUMBER))


@endpoint(
    blueprint,
    "GET",
    "/api/system",
    "History of the machine, of response times by endpoint, of errors by code, and uptime",
    parameters=[
        Parameter("from", "Start, as for /api/calls. Samples of the last 24 hours are kept."),
        Parameter("to", "End."),
    ],
    answer=obj(
        times=listing(INSTANT),
        step_seconds=NUMBER,
        series={
            "type": "object",
            "additionalProperties": listing(_POINTS),
            "description": f"By name: {', '.join(_SERIES)}.",
        },
        uptime_seconds=INTEGER,
        availability_percent=MAYBE_NUMBER,
    ),
    errors=(400,),
)
def get_system() -> Response:
    parts = services()
    chosen = parts.parse(request.args).filter
    now = now_micros()
    end = min(chosen.end if chosen.end is not None else now, now) // 1000
    start = (chosen.start if chosen.start is not None else now) // 1000
    if start >= end:
        raise ApiError(400, "bad_parameter", "from: must lie before `to` and the present")
    step = max(_LEAST_STEP_MS, math.ceil((end - start) / _MOST_POINTS / _LEAST_STEP_MS) * _LEAST_STEP_MS)
    # On the same instants at each refresh, so that a line only grows at its end.
    start, end = start // step * step + step, max(end // step * step, start // step * step + step)
    times = [to_iso(at * 1000) for at in range(start, end + 1, step)]
    return json_answer(
        {
            "times": times,
            "step_seconds": step / 1000,
            "series": {name: _points(query, parts.samples, start, end, step) for name, query in _SERIES.items()},
            "uptime_seconds": int(parts.uptime_seconds),
            "availability_percent": _availability(parts.samples, start, end),
        }
    )


def _points(query: str, samples: Samples, start: int, end: int, step: int) -> list[dict[str, Any]]:
    window = f"{max(step, _LEAST_WINDOW_MS)}ms"
    found = range_query(parse(query.replace("$window", window)), samples, start, end, step)
    return [{"labels": labels, "values": _known(found, row)} for row, labels in enumerate(found.labels)]


def _known(matrix: Matrix, row: int) -> list[float | None]:
    pairs = zip(matrix.values[row].tolist(), matrix.here[row].tolist(), strict=True)
    return [round(value, 6) if here and math.isfinite(value) else None for value, here in pairs]


def _availability(samples: Samples, start: int, end: int) -> float | None:
    """Share of the sampling intervals since the first known one in which this service was up, percent.

    A process that is down takes no samples: intervals without any count as down.
    """
    span = f"[{end - start + _LEAST_STEP_MS}ms]"
    first = _number(samples, f'min(min_over_time(timestamp(up{{job="voicehive"}}){span[:-1]}:15s]))', end)
    ups = _number(samples, f'sum(sum_over_time(up{{job="voicehive"}}{span}))', end)
    if first is None or ups is None:
        return None
    expected = (end / 1000 - first) / INTERVAL_SECONDS + 1
    return round(min(100 * ups / expected, 100.0), 3)


def _number(samples: Samples, query: str, at: int) -> float | None:
    found = instant(parse(query), samples, at, Limits())
    if isinstance(found, Scalar):
        return found.value
    return float(found.values[0]) if isinstance(found, Vector) and len(found.values) else None
