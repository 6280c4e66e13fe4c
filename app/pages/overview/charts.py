"""The charts of the overview: a figure and its words for each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.components.guard import Parts
from app.components.plain import Children
from app.components.states import no_calls_here, note
from app.figures import drill, durations, system, volume
from app.figures.system import Samples
from app.format import count, duration, milliseconds, percent
from app.pages.overview import ids
from data.queries.overview import SHOWN

if TYPE_CHECKING:
    from data.queries.overview import Overview

_NO_SAMPLES = "No samples in this range. They begin when the server starts and are kept for a day."


def volume_parts(data: Overview, revision: str) -> Parts:
    """Calls by status over time."""
    figure = volume.volume(
        data.volume,
        data.previous_total,
        step=data.step,
        zone=data.filter.zone,
        as_of=data.as_of,
        revision=revision,
        meta=_calls_by_status(data),
    )
    totals = {label: int(data.volume[name].sum()) for name, label in volume.STATUSES.items() if name in data.volume}
    words = ", ".join(f"{label.lower()} {count(n)}" for label, n in totals.items() if n)
    empty = "" if words else no_calls_here(data.filter, data.newest)
    return _chart(ids.VOLUME, figure, f"Calls by status: {words}." if words else "", empty)


def _calls_by_status(data: Overview) -> dict[str, Any] | None:
    """Which calls the bars stand for: those of one status, or of all that are drawn."""
    if not data.edges:
        return None
    drawn = tuple(status.value for status in SHOWN)
    chosen = replace(data.filter, status=data.filter.status or drawn)
    return drill.over_time(data.edges, chosen, series={name: {"status": name} for name in drawn})


def duration_parts(data: Overview, revision: str) -> Parts:
    """Percentiles of call durations over time."""
    figure = durations.durations(
        data.durations,
        step=data.step,
        zone=data.filter.zone,
        as_of=data.as_of,
        revision=revision,
        meta=drill.over_time(data.edges, data.filter, "timed") if data.edges else None,
    )
    p50, p95, p99 = (data.spread[p] for p in ("p50", "p95", "p99"))
    words = f"Over the whole range: median {duration(p50)}, p95 {duration(p95)}, p99 {duration(p99)}."
    return _chart(
        ids.DURATIONS, figure, words, "" if data.durations["p50"].notna().any() else "No answered calls in this range."
    )


def response_parts(samples: Samples, revision: str) -> Parts:
    """API response times over time."""
    figure = system.response_times(samples, revision=revision)
    worst = max((v for v in samples.columns.get("api_p95_ms", ()) if v is not None), default=None)
    words = f"API response times; the highest p95 was {milliseconds(worst)}."
    return _chart(ids.RESPONSE, figure, words, _NO_SAMPLES if worst is None else "")


def load_parts(samples: Samples, revision: str) -> Parts:
    """Processor and memory over time."""
    figure = system.load(samples, revision=revision)
    cpu, memory = (
        max((v for v in samples.columns.get(name, ()) if v is not None), default=None)
        for name in ("cpu_percent", "memory_percent")
    )
    words = f"The highest load was {percent(cpu)} processor and {percent(memory)} memory."
    return _chart(ids.LOAD, figure, words, _NO_SAMPLES if cpu is None and memory is None else "")


def _chart(name: str, figure: dict[str, Any], words: str, empty: Children) -> Parts:
    return {name: {"figure": figure}, f"{name}-note": {"children": note(words, empty)}}
