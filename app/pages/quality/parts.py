"""Data into the page of quality: component id -> props, for the first layout and for every refresh alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.components.card import card_head
from app.components.choices import segments
from app.components.guard import Parts, guarded
from app.components.plain import Children
from app.components.states import no_calls, note
from app.figures import drill, latency
from app.figures.bins import binned, within
from app.format import count, milliseconds
from app.pages.quality import cards, ids
from data.filters import CallFilter
from data.queries.overview import newest
from data.queries.quality import LATENCY_BINS, PERCENTILES, Quality, quality

if TYPE_CHECKING:
    from app.filters import PageFilter
    from app.services import Services

_SPLITS = {"stage": "Stages", "agent": "Agents", "agent_version": "Versions"}
_STATS = {name: name for name in PERCENTILES}


def parts(page: PageFilter, services: Services) -> Parts:
    """All parts of the page."""
    stat, split = page.choice("stat", PERCENTILES, "p95"), page.choice("by", _SPLITS, "stage")
    by = "agent" if split == "stage" else split

    def compute(chosen: CallFilter, now: int) -> tuple[Quality, int | None]:
        found = quality(services.copy, chosen, now=now, stat=stat, by=by, lines=split != "stage")
        return found, newest(services.copy)

    data, last = services.figures("quality", page, compute)
    revision = f"{page.range_from}|{page.range_to}|{data.filter.zone}|{stat}|{split}"
    found: Parts = {
        ids.CHOICES: {"children": [segments("by", "Latency of", _SPLITS, split, "stage"),
                                   segments("stat", "Percentile", _STATS, stat, "p95")]},
        ids.EMPTY: {
            "children": no_calls() if last is None else [],
            "className": f"vh-empty{' d-none' if last else ''}",
        },
    }  # fmt: skip
    found |= guarded(ids.KPIS, "Key figures", lambda: cards.figures(data, compare=page.compare))
    found |= guarded((ids.COMPOSITION,), "The composition", lambda: _composition(data, last, revision), chart=True)
    found |= guarded((ids.LINES_HEAD, ids.LINES), "Latency", lambda: _lines(data, split, stat, revision), chart=True)
    found |= guarded((ids.HISTOGRAM,), "The spread", lambda: _histogram(data, revision), chart=True)
    made: dict[str, tuple[str, Any]] = {
        ids.PARTS: ("The parts", cards.parts),
        ids.STAGES: ("Stages", cards.stages),
        ids.SLOWEST: ("The slowest calls", cards.slowest),
        ids.TABLE: ("The table", lambda data: cards.by_value(data, by)),
    }
    for name, (what, make) in made.items():
        found |= guarded((name,), what, lambda name=name, make=make: {name: {"children": make(data)}})  # type: ignore[misc]
    title = "By version" if by == "agent_version" else "By agent"
    head = card_head(title, unit="over the whole range", definition="Percentiles of the end-to-end latency, and how "
                     "conversations went, each over the calls that carry it. Grey: fewer than 30 calls.")  # fmt: skip
    return found | {ids.TABLE_HEAD: {"children": head}}


def _chart(name: str, figure: dict[str, Any], words: str, empty: Children) -> Parts:
    return {name: {"figure": figure}, f"{name}-note": {"children": note(words, "" if figure["data"] else empty)}}


def _composition(data: Quality, last: int | None, revision: str) -> Parts:
    figure = latency.composition(data, revision=revision)
    return _chart(ids.COMPOSITION, figure, latency.summary(data), cards.no_latency(data, last))


def _lines(data: Quality, split: str, stat: str, revision: str) -> Parts:
    if split == "stage":
        figure = latency.percentiles(data, stat=stat, revision=revision)
        shown = [f"{latency.LOOKS[s.name][0]} {milliseconds(s.percentiles[stat])}" for s in data.stages if s.calls]
    else:
        figure = latency.by_value(data, split, stat=stat, revision=revision)
        values = dict(zip(data.table["name"], data.table[stat], strict=True))
        shown = [f"{name} {milliseconds(values[name])}" for name in data.lines]
    title = {"stage": "by stage", "agent": "end to end, by agent", "agent_version": "end to end, by version"}[split]
    head = card_head("Latency over time", unit=f"{stat}, {title}",
                     definition=f"{100 * PERCENTILES[stat]:.0f} % of the calls that began in the bucket and carry the "
                     "latency had a lower one. A click opens the calls.")  # fmt: skip
    words = f"{stat} over the whole range: {', '.join(shown)}." if shown else ""
    return {ids.LINES_HEAD: {"children": head}} | _chart(ids.LINES, figure, words, cards.no_latency(data))


def _histogram(data: Quality, revision: str) -> Parts:
    labels = [latency.bin_label(LATENCY_BINS, i) for i in range(len(LATENCY_BINS))]
    points = [within(LATENCY_BINS, i, "latency") for i in range(len(LATENCY_BINS))]
    # Every second one: there is no room for more.
    ticks = ["" if i % 2 else f"{low / 1000:g} s" for i, low in enumerate(LATENCY_BINS)]
    figure = binned(
        labels,
        ticks,
        {"calls": ("Calls", "seq-2", data.histogram)},
        meta=drill.by_point(points, data.filter, "measured"),
        revision=revision,
    )
    shown = [f"{label} {count(n)}" for label, n in zip(labels, data.histogram, strict=True) if n]
    words = f"Calls by end-to-end latency: {', '.join(shown)}." if shown else ""
    return _chart(ids.HISTOGRAM, figure, words, cards.no_latency(data))
