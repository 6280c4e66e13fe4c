"""What the samples say of a range: over time and in all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from app import measured
from app.measured import SERIES, Steps, Values
from data.samples.model import Samples

#: As in Prometheus' histograms: estimates within a bucket.
PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_MOST_POINTS = 90
_MS = 1000
_SHORTEST_MS = 600_000


@dataclass(frozen=True, slots=True)
class Watched:
    """course: by name, each as long as `steps`. endpoints and queries: name, n, p50, p95, p99 (ms), most first.

    events, errors: counts by outcome and by code. late: starts and ends told late. ups: by job, share of the samples.
    """

    steps: Steps
    course: Mapping[str, Values]
    errors_over_time: Mapping[str, Values]
    endpoints: pd.DataFrame
    queries: pd.DataFrame
    overall: Mapping[str, float | None]
    events: Mapping[str, float]
    late: float | None
    errors: Mapping[str, float]
    availability: float | None
    ups: Mapping[str, float]


def watched(samples: Samples, start: int, end: int) -> Watched:
    """The range [start, end] in milliseconds."""
    # What is younger than the range fills the charts all the same.
    first = measured.first(samples, Steps.of(start, end))
    start = max(start, min(first if first is not None else end, end - _SHORTEST_MS))
    steps = Steps.of(start, end, _MOST_POINTS)
    every = "sum by (le) (rate(voicehive_api_response_time_seconds_bucket[$window]))"
    asked = {p: f"1000 * histogram_quantile({share}, {every})" for p, share in PERCENTILES.items()}
    asked |= {name: SERIES[name] for name in ("cpu_percent", "memory_percent", "failed_requests_percent")}
    lines = {name: measured.course(samples, query, steps) for name, query in asked.items()}
    errors = measured.course(samples, SERIES["errors_per_second"], steps)
    return Watched(
        steps=steps,
        course={name: found[0][1] if found else [None] * len(steps.times) for name, found in lines.items()},
        errors_over_time={labels.get("code", ""): values for labels, values in errors},
        endpoints=_timed(samples, "endpoint", "voicehive_api_response_time_seconds", steps),
        queries=_timed(samples, "query", "voicehive_query_seconds", steps),
        overall={p: _overall(samples, share, steps) for p, share in PERCENTILES.items()},
        events=_counts(samples, "outcome", "voicehive_ingest_events_total", steps),
        late=_counts(samples, "job", "voicehive_ingest_late_total", steps).get("voicehive"),
        errors=_counts(samples, "code", "voicehive_errors_total", steps),
        availability=measured.availability(samples, steps),
        ups=measured.by_label(samples, "avg by (job) (avg_over_time(up[$window]))", "job", steps),
    )


def _counts(samples: Samples, label: str, metric: str, steps: Steps) -> dict[str, float]:
    found = measured.by_label(samples, f"sum by ({label}) (increase({metric}[$window]))", label, steps)
    return {name: round(value) for name, value in found.items()}


def _overall(samples: Samples, share: float, steps: Steps) -> float | None:
    every = "sum by (job, le) (rate(voicehive_api_response_time_seconds_bucket[$window]))"
    found = measured.by_label(samples, f"1000 * histogram_quantile({share}, {every})", "job", steps)
    return found.get("voicehive")


def _timed(samples: Samples, label: str, metric: str, steps: Steps) -> pd.DataFrame:
    counts = measured.by_label(samples, f"sum by ({label}) (increase({metric}_count[$window]))", label, steps)
    every = f"sum by ({label}, le) (rate({metric}_bucket[$window]))"
    columns = {
        p: measured.by_label(samples, f"{_MS} * histogram_quantile({share}, {every})", label, steps)
        for p, share in PERCENTILES.items()
    }
    rows = [
        {"name": name, "n": round(n), **{p: found.get(name) for p, found in columns.items()}}
        for name, n in counts.items()
        if round(n)
    ]
    frame = pd.DataFrame(rows, columns=["name", "n", *PERCENTILES])
    return frame.sort_values(["n", "name"], ascending=[False, True], ignore_index=True)
