"""The key figures of the system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.components.guard import Parts
from app.components.kpi import KpiCard
from app.format import Number, count, duration, known, milliseconds, percent, size, words
from app.pages.system import ids
from app.pages.system.stores import Stored
from app.pages.system.watched import Watched

if TYPE_CHECKING:
    from app.services import Services

_NONE = "no samples in this range"
_LOAD = "Of the machine that VoiceHive runs on, sampled every 15 seconds; the newest sample."


def figures(services: Services, data: Watched) -> Parts:
    """Health, availability, response time, requests, processor and memory."""
    problems, now = services.problems(), services.system.now()
    critical = sum(problem.severity == "critical" for problem in problems)
    state = "Critical" if critical else "Degraded" if problems else "Healthy"
    tone = {"Critical": "vh-bad", "Degraded": "vh-warn", "Healthy": "vh-good"}[state]
    note = "no open problems" if not problems else words(problems[0].name)
    if len(problems) > 1:
        note = f"{len(problems)} open problems"
    # In whole minutes, so that it is not sent at each refresh.
    up = duration(services.uptime_seconds // 60 * 60) if services.uptime_seconds >= 60 else "under a minute"
    requests, failed = float(data.endpoints["n"].sum()), _last(data.course["failed_requests_percent"])
    p50, p95 = data.overall["p50"], data.overall["p95"]
    sampled = data.availability is not None
    made = (
        KpiCard("Health", "heart-pulse", state, "Critical while a critical alert fires, degraded while a warning does.",
                tone=tone, note=note),
        KpiCard("Availability", "check-circle", percent(data.availability),
                "Share of the 15-second rounds since the first known one in which this service took its samples; a "
                "process that is down takes none.", note=f"up for {up}"),
        KpiCard("Response time", "speedometer", milliseconds(p95),
                "The 95th percentile of all requests of the range, estimated within the buckets of a histogram.",
                note=f"p95 · median {milliseconds(p50)}" if known(p95) else _NONE, course=_seen(data.course["p95"]),
                course_from_zero=True),
        KpiCard("Requests", "compare", count(requests) if sampled else "–",
                "Requests answered in the range; files and open connections are left out.",
                note=f"{percent(failed)} failed of late" if known(failed) else "in this range" if sampled else _NONE),
        KpiCard("CPU", "cpu", percent(now.cpu_percent), f"Processor time in use. {_LOAD}", note="in use now",
                course=_seen(data.course["cpu_percent"]), course_from_zero=True),
        KpiCard("Memory", "memory", percent(now.memory_percent), f"Memory in use. {_LOAD}", note="in use now",
                course=_seen(data.course["memory_percent"]), course_from_zero=True),
    )  # fmt: skip
    return {name: {"children": card.children()} for name, card in zip(ids.KPIS[:6], made, strict=True)}


def stored_figures(kept: Stored) -> Parts:
    """How much is stored."""
    made = (
        KpiCard("Calls stored", "telephone", count(kept.rows), "All calls of the record, of any status and time.",
                note="of all time"),
        KpiCard("Data on disk", "download", size(kept.disk), "Call record, analytic copy and samples together.",
                note=f"{size(kept.free)} free"),
    )  # fmt: skip
    return {name: {"children": card.children()} for name, card in zip(ids.KPIS[6:], made, strict=True)}


def _seen(values: list[float | None]) -> list[Number]:
    first = next((i for i, value in enumerate(values) if value is not None), len(values))
    return list(values[first:])


def _last(values: list[float | None]) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)
