"""What is wrong with the service right now, judged from its latest figures."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Health = Literal["healthy", "degraded", "critical"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; named like the alert rule that watches the same thing."""

    name: str
    severity: Literal["warning", "critical"]
    summary: str


@dataclass(frozen=True, slots=True)
class Readings:
    """What is judged: percent, milliseconds; None = unknown. Rates are those of the last `calls` calls."""

    database_up: bool
    memory_percent: float
    api_p95_ms: float | None
    calls: int
    error_rate: float | None
    success_rate: float | None


#: Below so many calls a rate says nothing.
ENOUGH_CALLS = 20


def problems(seen: Readings) -> list[Problem]:
    """All that is wrong, worst first."""
    found: list[Problem] = []
    if not seen.database_up:
        found.append(Problem("DatabaseConnectionIssue", "critical", "The call record does not answer."))
    if seen.memory_percent > 90:
        found.append(
            Problem("CriticalMemoryUsage", "critical", f"Memory use is {seen.memory_percent:.0f} % (above 90 %).")
        )
    elif seen.memory_percent > 80:
        found.append(Problem("HighMemoryUsage", "warning", f"Memory use is {seen.memory_percent:.0f} % (above 80 %)."))
    if seen.api_p95_ms is not None and seen.api_p95_ms > 2000:
        summary = f"The API's p95 response time is {seen.api_p95_ms / 1000:.1f} s (above 2 s)."
        found.append(Problem("HighApiResponseTime", "warning", summary))
    if seen.calls >= ENOUGH_CALLS:
        if seen.error_rate is not None and _surely(seen.error_rate, seen.calls)[0] > 5:
            summary = f"{seen.error_rate:.1f} % of the calls of the last hour failed (above 5 %)."
            found.append(Problem("HighErrorRate", "critical", summary))
        if seen.success_rate is not None and _surely(seen.success_rate, seen.calls)[1] < 90:
            summary = f"{seen.success_rate:.1f} % of the calls of the last hour succeeded (below 90 %)."
            found.append(Problem("LowSuccessRate", "warning", summary))
    return sorted(found, key=lambda problem: problem.severity)


def _surely(percent: float, calls: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a rate (E. B. Wilson, JASA 22, 1927): a few calls by chance are no problem yet."""
    share, z = percent / 100, 1.96
    middle = share + z * z / (2 * calls)
    half = z * math.sqrt(share * (1 - share) / calls + z * z / (4 * calls * calls))
    scale = 1 + z * z / calls
    return 100 * (middle - half) / scale, 100 * (middle + half) / scale


def health(found: Iterable[Problem]) -> Health:
    """The state that these problems amount to."""
    severities = {problem.severity for problem in found}
    return "critical" if "critical" in severities else "degraded" if severities else "healthy"
