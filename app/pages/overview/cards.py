"""The key figures of the overview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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

#: A rate of fewer calls moves by chance.
_FEW_CALLS = 30
_MEAN_OF_LOAD = "Of the machine that VoiceHive runs on, sampled every 15 seconds."


def call_cards(data: Overview, *, compare: bool) -> Parts:
    """Total, active, success rate and average duration."""
    current = data.kpis.current
    calls, beside_calls = _against(data, "total_calls", compare)
    success, beside_success = _against(data, "success_rate", compare, "no calls in this range")
    seconds, beside_seconds = _against(data, "avg_duration_seconds", compare, "no answered calls")
    total, rate, mean = (current.get(k) for k in ("total_calls", "success_rate", "avg_duration_seconds"))
    active = current.get("active_calls")
    made = (
        KpiCard("Total calls", "telephone", count(total), KPIS["total_calls"].definition, trend=calls,
                note=beside_calls, course=_course(data, "total_calls"), course_from_zero=True),
        KpiCard("Active calls", "broadcast", count(active), "Calls in progress at this moment.",
                note="in progress now", tone="vh-live-value" if active else ""),
        KpiCard("Success rate", "check-circle", percent(rate), KPIS["success_rate"].definition, exact=_exact(rate, "%"),
                trend=success, note=beside_success,
                course=_course(data, "success_rate"), coverage=_coverage(data, "success_rate")),
        KpiCard("Average duration", "clock", duration(mean), KPIS["avg_duration_seconds"].definition,
                exact=_exact(mean, "s"), trend=seconds, note=beside_seconds,
                course=_course(data, "avg_duration_seconds"), coverage=_coverage(data, "avg_duration_seconds")),
    )  # fmt: skip
    return _parts(ids.KPIS[:4], made)


def system_cards(now: Sample, samples: Samples, problems: Sequence[Problem], *, past: bool = False) -> Parts:
    """Response time, processor, memory and health: of this moment, which is said where the range is `past`."""
    p50, p95, cpu, memory = now.api_p50_ms, now.api_p95_ms, now.cpu_percent, now.memory_percent
    answers = _since_first(samples, "api_p95_ms")
    speed, beside = (
        (p95, f"p95{' now' if past else ''} · median {milliseconds(p50)}") if known(p95) else _last_known(answers)
    )
    critical = sum(p.severity == "critical" for p in problems)
    state = "Critical" if critical else "Degraded" if problems else "Healthy"
    tone = {"Critical": "vh-bad", "Degraded": "vh-warn", "Healthy": "vh-good"}[state]
    made = (
        KpiCard("API response time", "speedometer", milliseconds(speed),
                "The 95th percentile of the latest 15 seconds with requests: 95 % of them were answered faster.",
                exact=_exact(speed, "ms"), note=beside, course=answers, course_from_zero=True),
        KpiCard("CPU", "cpu", percent(cpu), f"Processor time in use. {_MEAN_OF_LOAD}", exact=_exact(cpu, "%"),
                note=_load_note(cpu, past), course=_since_first(samples, "cpu_percent"), course_from_zero=True),
        KpiCard("Memory", "memory", percent(memory), f"Memory in use. {_MEAN_OF_LOAD}", exact=_exact(memory, "%"),
                note=_load_note(memory, past), course=_since_first(samples, "memory_percent"), course_from_zero=True),
        KpiCard("System health", "heart-pulse", state,
                "Critical while a critical alert fires, degraded while a warning does; the bell lists them.",
                tone=tone, note=_problem_note(problems) + (" now" if past else "")),
    )  # fmt: skip
    return _parts(ids.KPIS[4:], made)


def _parts(names: Sequence[str], made: Sequence[KpiCard]) -> Parts:
    return {name: {"children": card.children()} for name, card in zip(names, made, strict=True)}


def _against(data: Overview, key: str, compare: bool, unknown: str = "") -> tuple[Trend | None, str]:
    """The trend against the previous period and what stands beside it, or the reason why there is none."""
    present, earlier = data.kpis.current, data.kpis.previous
    if not known(present.get(key)):
        return None, unknown
    if not compare or not earlier:
        return None, "in this range"
    before = earlier.get("total_calls") or 0
    if not before:
        return None, "no calls before" if present.get("total_calls") else "in this range"
    found = trend(present.get(key), earlier.get(key), KPIS[key].better, KPIS[key].unit)
    if found is None:
        return None, "not known before"
    fewest = int(min(present.get("total_calls") or 0, before))
    if KPIS[key].unit == "%" and fewest < _FEW_CALLS:
        return replace(found, verdict="neutral"), f"n = {fewest}"
    return found, ""


def _course(data: Overview, key: str) -> list[Number]:
    values: list[Number] = data.sparks[key].tolist()
    return values


def _coverage(data: Overview, key: str) -> float | None:
    value = data.kpis.coverage.get(key)
    return float(value) if value is not None else None


def _exact(value: Number, unit: str) -> str:
    return f"{value:,.3f} {unit}" if value is not None and known(value) else ""


def _since_first(samples: Samples, name: str) -> list[Number]:
    """The samples from the first known one on."""
    column = samples.columns.get(name, [])
    first = next((i for i, value in enumerate(column) if value is not None), len(column))
    return list(column[first:])


def _last_known(values: Sequence[Number]) -> tuple[Number, str]:
    """The newest known value, for a time without requests."""
    found = [value for value in values if value is not None]
    return (found[-1], "p95 of the latest requests") if found else (None, "no requests yet")


def _load_note(value: Number, past: bool) -> str:
    if not known(value):
        return "not measured yet"
    return "in use now" if past else "in use"


def _problem_note(problems: Sequence[Problem]) -> str:
    if not problems:
        return "no open problems"
    return words(problems[0].name) if len(problems) == 1 else f"{len(problems)} open problems"
