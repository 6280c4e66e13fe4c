"""What the service measured of itself: questions to its stored samples, for the API and the page of the system."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from alerts.promql import Limits, Matrix, Scalar, Vector, instant, parse, range_query
from data.samples.model import Samples
from data.samples.sampler import INTERVAL_SECONDS

LEAST_STEP_MS = int(INTERVAL_SECONDS * 1000)
_MOST_POINTS = 240
#: `$window` is as long as a step, at least so long that it holds several samples.
_LEAST_WINDOW_MS = 60_000
_BY_ENDPOINT = "sum by (endpoint, le) (rate(voicehive_api_response_time_seconds_bucket[$window]))"
#: Over time, by name.
SERIES: Mapping[str, str] = {
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

Labels = Mapping[str, str]
Values = list[float | None]


@dataclass(frozen=True, slots=True)
class Steps:
    """Instants from `start` to `end`, both included, each `step` after the one before (milliseconds)."""

    start: int
    end: int
    step: int

    @classmethod
    def of(cls, start: int, end: int, most: int = _MOST_POINTS) -> Steps:
        """On the same instants at each refresh, so that a line only grows at its end."""
        step = max(LEAST_STEP_MS, math.ceil((end - start) / most / LEAST_STEP_MS) * LEAST_STEP_MS)
        first = start // step * step + step
        return cls(first, max(end // step * step, first), step)

    @property
    def times(self) -> range:
        """All of them."""
        return range(self.start, self.end + 1, self.step)


def course(samples: Samples, query: str, steps: Steps) -> list[tuple[Labels, Values]]:
    """The answers of a query over time; `$window` in it is the length of a step. None where nothing is known."""
    window = f"{max(steps.step, _LEAST_WINDOW_MS)}ms"
    found = range_query(parse(query.replace("$window", window)), samples, steps.start, steps.end, steps.step)
    return [(labels, _known(found, row)) for row, labels in enumerate(found.labels)]


def _known(matrix: Matrix, row: int) -> Values:
    pairs = zip(matrix.values[row].tolist(), matrix.here[row].tolist(), strict=True)
    return [round(value, 6) if here and math.isfinite(value) else None for value, here in pairs]


def by_label(samples: Samples, query: str, label: str, steps: Steps) -> dict[str, float]:
    """The answers of a query at the end, by one label; `$window` in it is the whole range."""
    window = f"{steps.end - steps.start + steps.step}ms"
    found = instant(parse(query.replace("$window", window)), samples, steps.end, Limits())
    if not isinstance(found, Vector):
        return {}
    pairs = zip(found.labels, found.values.tolist(), strict=True)
    return {labels.get(label, ""): value for labels, value in pairs if math.isfinite(value)}


def number(samples: Samples, query: str, at: int) -> float | None:
    """The one number that a query answers; None without samples."""
    found = instant(parse(query), samples, at, Limits())
    if isinstance(found, Scalar):
        return found.value
    return float(found.values[0]) if isinstance(found, Vector) and len(found.values) else None


def first(samples: Samples, steps: Steps) -> int | None:
    """When this service took its first sample in these steps (milliseconds)."""
    span = f"[{steps.end - steps.start + LEAST_STEP_MS}ms:15s]"
    found = number(samples, f'min(min_over_time(timestamp(up{{job="voicehive"}}){span}))', steps.end)
    return None if found is None else round(found * 1000)


def availability(samples: Samples, steps: Steps) -> float | None:
    """Share of the sampling intervals since the first known one in which this service was up, percent.

    A process that is down takes no samples: intervals without any count as down.
    """
    since = first(samples, steps)
    # The last round may be under way.
    end = steps.end - LEAST_STEP_MS
    span = f"[{end - steps.start + LEAST_STEP_MS}ms]"
    ups = number(samples, f'sum(sum_over_time(up{{job="voicehive"}}{span}))', end)
    if since is None or ups is None:
        return None
    expected = (end - since) / LEAST_STEP_MS + 1
    return round(min(100 * ups / expected, 100.0), 3)
