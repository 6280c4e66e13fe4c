"""The key figures of the overview."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.components.guard import Parts
from app.components.kpi import KpiCard
from app.components.problems import Problem
from app.figures.system import Samples
from app.format import Number, Trend, count, duration, known, milliseconds, percent, trend, words
from app.pages.overview import ids
from data.kpis import KPIS

if TYPE_CHECKING:
    from data.queries.overview import Overview
    from monitoring.system import Sample

_MEAN_OF_LOAD = "Of the machine that VoiceHive runs on, sampled every 15 seconds."


def call_cards(data: Overview, *, compare: bool) -> Parts:
    """Total, active, success rate and average duration."""
    current = data.kpis.current
    calls = _trended(data, "total_calls", compare)
    success = _trended(data, "success_rate", compare)
    seconds = _trended(data, "avg_duration_seconds", compare)
    total, rate, mean = (current.get(k) for k in ("total_calls", "success_rate", "avg_duration_seconds"))
    active = current.get("active_calls")
    made = (
        KpiCard("Total calls", "telephone", count(total), KPIS["total_calls"].definition, trend=calls,
                note="" if calls else "in this range", course=_course(data, "total_calls"), course_from_zero=True),
        KpiCard("Active calls", "broadcast", count(active), "Calls in progress at this moment.",
                note="in progress now", tone="vh-live-value" if active else ""),
        KpiCard("Success rate", "check-circle", percent(rate), KPIS["success_rate"].definition, exact=_exact(rate, "%"),
                trend=success, note="" if success else _unknown(rate, "no calls in this range"),
                course=_course(data, "success_rate"), coverage=_coverage(data, "success_rate")),
        KpiCard("Average duration", "clock", duration(mean), KPIS["avg_duration_seconds"].definition,
                exact=_exact(mean, "s"), trend=seconds, note="" if seconds else _unknown(mean, "no answered calls"),
                course=_course(data, "avg_duration_seconds"), coverage=_coverage(data, "avg_duration_seconds")),
    )  # fmt: skip
    return _parts(ids.KPIS[:4], made)


def system_cards(now: Sample, samples: Samples, problems: Sequence[Problem]) -> Parts:
    """Response time, processor, memory and health."""
    p50, p95, cpu, memory = now.api_p50_ms, now.api_p95_ms, now.cpu_percent, now.memory_percent
    answers = _since_first(samples, "api_p95_ms")
    speed, beside = (p95, f"p95 · median {milliseconds(p50)}") if known(p95) else _last_known(answers)
    critical = sum(p.severity == "critical" for p in problems)
    state = "Critical" if critical else "Degraded" if problems else "Healthy"
    tone = {"Critical": "vh-bad", "Degraded": "vh-warn", "Healthy": "vh-good"}[state]
    made = (
        KpiCard("API response time", "speedometer", milliseconds(speed),
                "The 95th percentile of the latest 15 seconds with requests: 95 % of them were answered faster.",
                exact=_exact(speed, "ms"), note=beside, course=answers, course_from_zero=True),
        KpiCard("CPU", "cpu", percent(cpu), f"Processor time in use. {_MEAN_OF_LOAD}", exact=_exact(cpu, "%"),
                note=_load_note(cpu), course=_since_first(samples, "cpu_percent"), course_from_zero=True),
        KpiCard("Memory", "memory", percent(memory), f"Memory in use. {_MEAN_OF_LOAD}", exact=_exact(memory, "%"),
                note=_load_note(memory), course=_since_first(samples, "memory_percent"), course_from_zero=True),
        KpiCard("System health", "heart-pulse", state,
                "Critical or degraded while a problem is open; the bell lists them.",
                tone=tone, note=_problem_note(problems)),
    )  # fmt: skip
    return _parts(ids.KPIS[4:], made)


def _parts(names: Sequence[str], made: Sequence[KpiCard]) -> Parts:
    return {name: {"children": card.children()} for name, card in zip(names, made, strict=True)}


def _trended(data: Overview, key: str, compare: bool) -> Trend | None:
    if not compare:
        return None
    return trend(data.kpis.current.get(key), data.kpis.previous.get(key), KPIS[key].better, KPIS[key].unit)


def _course(data: Overview, key: str) -> list[Number]:
    values: list[Number] = data.sparks[key].tolist()
    return values


def _coverage(data: Overview, key: str) -> float | None:
    value = data.kpis.coverage.get(key)
    return float(value) if value is not None else None


def _exact(value: Number, unit: str) -> str:
    return f"{value:,.3f} {unit}" if value is not None and known(value) else ""


def _unknown(value: Number, reason: str) -> str:
    return "in this range" if known(value) else reason


def _since_first(samples: Samples, name: str) -> list[Number]:
    """The samples from the first known one on."""
    column = samples.columns.get(name, [])
    first = next((i for i, value in enumerate(column) if value is not None), len(column))
    return list(column[first:])


def _last_known(values: Sequence[Number]) -> tuple[Number, str]:
    """The newest known value, for a time without requests."""
    found = [value for value in values if value is not None]
    return (found[-1], "p95 · no requests right now") if found else (None, "no requests yet")


def _load_note(value: Number) -> str:
    return "in use" if known(value) else "not measured yet"


def _problem_note(problems: Sequence[Problem]) -> str:
    if not problems:
        return "no open problems"
    return words(problems[0].name) if len(problems) == 1 else f"{len(problems)} open problems"
