"""Rules: an evaluation of all that are shipped, the samples they are judged over, and a backtest of a month."""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from prometheus_client import CollectorRegistry

from alerts.annotations import expand
from alerts.backtest import run
from alerts.evaluator import Evaluator
from alerts.rules import load_rules
from alerts.running import RULES_FILE
from app.backtesting import over_days
from app.settings import Settings
from data.demo.fill import fill
from data.queries.history import of_record
from data.record import Record
from data.samples.exposition import of_registry
from data.samples.model import Block, Labels, Matcher
from data.samples.sampler import Sampler
from data.samples.store import SampleStore
from monitoring.machinery import ServerMetrics
from tests.bench.table import Baseline, Line, median_ms

_STEP_MS = 15_000
#: An instant on which all groups have their turn.
_NOW = 1_800_000_000_000
_TARGET = {"job": "voicehive", "instance": "127.0.0.1:8001"}
_RUNS = 20


def lines(calls: int, scratch: Path) -> Iterator[Line]:
    """All figures, one after the other."""
    for series, target in ((1_000, 10.0), (10_000, 100.0)):
        found, ms, longest, slowest = _evaluation(series, scratch)
        yield Line(f"all shipped rules over {found:,} series, an evaluation", ms, "ms", target, note=slowest)
        yield Line(f"all shipped rules over {found:,} series, the turn of all groups", longest, "ms")
    found, ms = _scrape(scratch)
    yield Line(f"own scrape at {found:,} series", ms, "ms", 70)
    yield Line("sample store, a sample", _bytes_a_sample(scratch), "bytes", 20)
    seconds, singly = _backtest(scratch)
    yield Line("backtest of the shipped rules, 30 days", seconds, "s", 10, baselines=[singly])


def _registry(series: int) -> CollectorRegistry:
    """What a server exposes that has answered calls of so many agents that there are about so many series."""
    registry = CollectorRegistry()
    metrics = ServerMetrics(registry, version="1.0")
    endpoints = [f"/api/{number}" for number in range(min(series // 60, 60))]
    for endpoint in endpoints:
        metrics.count_request("GET", endpoint, 200, 0.02)
    agent = 0
    while len(of_registry(registry, _TARGET)) < series and agent < 75:
        for status in ("success", "error", "abandoned", "missed", "voicemail"):
            metrics.count_call(status, f"agent-{agent}", 60.0 if status in ("success", "error") else None)
        agent += 1
    metrics.gauge("voicehive_active_calls", "Calls in progress.", lambda: 3.0)
    metrics.gauge("voicehive_database_up", "1 if the call record answers.", lambda: 1.0)
    for name in ("memory", "cpu"):
        metrics.gauge(f"voicehive_system_{name}_usage_percent", "Use.", lambda: 40.0)
    metrics.gauge("voicehive_ingest_waiting_events", "Waiting.", lambda: 0.0)
    return registry


def _samples(series: int) -> list[tuple[Labels, float]]:
    """One scrape; beyond what one server exposes by more of them."""
    found: list[tuple[Labels, float]] = []
    server = 0
    while len(found) < series:
        target = {"job": "voicehive", "instance": f"127.0.0.1:{8001 + server}"}
        own = of_registry(_registry(min(series, 5_000)), target)
        found += [*own, ({"__name__": "up", **target}, 1.0)]
        server += 1
    return found


def _store(samples: list[tuple[Labels, float]], scrapes: int, scratch: Path) -> SampleStore:
    store = SampleStore(scratch / "unused.sqlite", budget=256 << 20)
    sources: dict[str, list[int]] = {}
    for row, (labels, _) in enumerate(samples):
        sources.setdefault(labels["instance"], []).append(row)
    dice = np.random.default_rng(1)
    values = np.array([value for _, value in samples])
    counts = np.array(["usage" not in labels["__name__"] and "_up" not in labels["__name__"] for labels, _ in samples])
    for scrape in range(scrapes):
        at = _NOW - (scrapes - 1 - scrape) * _STEP_MS - 1_000
        values = values + np.where(counts, dice.integers(0, 3, len(values)), 0)
        for instance, rows in sources.items():
            store.scraped(instance, at, [(samples[row][0], float(values[row])) for row in rows])
    return store


def _evaluation(series: int, scratch: Path) -> tuple[int, float, float, str]:
    """Series, milliseconds of an evaluation and of one in which each group has its turn, and the slowest rule.

    There is a week of recorded series.
    """
    samples = _samples(series)
    store = _store(samples, 246, scratch)
    _record_a_week(store, scratch)
    judge = Evaluator(load_rules(RULES_FILE), store, expand)
    taken: list[tuple[int, float]] = []
    for turn in range(_RUNS + 1):
        gc.collect()
        started = time.perf_counter()
        groups = sum(1 for _ in judge.evaluate(_NOW + turn * _STEP_MS))
        taken.append((groups, 1000 * (time.perf_counter() - started)))
    states = [state for _, those in judge.groups.values() for state in those]
    assert not any(state.error for state in states), [state.error for state in states if state.error]
    slowest = max(states, key=lambda state: state.seconds)
    taken = taken[1:]
    whole = [ms for groups, ms in taken if groups == len(judge.groups)]
    typical = statistics.median(ms for _, ms in taken)
    return len(samples), typical, statistics.median(whole), f"{slowest.rule.name} {1000 * slowest.seconds:.1f} ms"


class _Trial:
    """A store that is read, and another one for what is added."""

    def __init__(self, store: SampleStore, scratch: Path) -> None:
        self._store, self._own = store, SampleStore(scratch / "unused.sqlite")
        self.added: list[tuple[Labels, float]] = []

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> list[Block]:
        return [*self._store.select(matchers, start, end), *self._own.select(matchers, start, end)]

    def append(self, at_ms: int, samples: Iterable[tuple[Labels, float]]) -> None:
        self.added = [*self.added, *samples]
        self._own.append(at_ms, self.added)


def _record_a_week(store: SampleStore, scratch: Path) -> None:
    """The series of which rules have long windows, as if they had been recorded for a week."""
    trial = _Trial(store, scratch)
    for _ in Evaluator(load_rules(RULES_FILE), trial, expand).evaluate(_NOW - _STEP_MS):
        pass
    names = ("voicehive:slo_", "voicehive:calls")
    kept = [(labels, value) for labels, value in trial.added if labels["__name__"].startswith(names)]
    for at in range(_NOW - 7 * 86_400_000, _NOW, _STEP_MS):
        store.append(at, kept)


def _scrape(scratch: Path) -> tuple[int, float]:
    """(series, milliseconds) of a scrape of the process itself, until it is in the file."""
    registry = _registry(2_000)
    store = SampleStore(scratch / "samples.sqlite")
    store.open()
    sampler = Sampler(store, registry, _TARGET["instance"])
    ms = median_ms(sampler.take, _RUNS, warm=3)
    store.close()
    return sampler.stats.samples // (_RUNS + 3), ms


def _bytes_a_sample(scratch: Path) -> float:
    """Memory that four hours of 2,000 series take, as the allocator counts it."""
    samples = _samples(2_000)
    scrapes = 960
    gc.collect()
    tracemalloc.start()
    store = _store(samples, scrapes, scratch)
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert store.series == len(samples)
    return taken / (len(samples) * scrapes)


def _backtest(scratch: Path) -> tuple[float, Baseline]:
    """Seconds over the demo's calls, as the command takes; and what the same rules take one instant after the other."""
    url = f"sqlite:///{scratch / 'calls.db'}"
    fill(url, b"a key of the benchmarks' own callers", scratch / "filled", lambda: None)
    gc.enable()
    record, rules, now = Record(url), load_rules(RULES_FILE), time.time()
    kept = SampleStore(scratch / "none.sqlite")
    settings = Settings(var_dir=scratch)
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        over_days(settings, of_record(record), kept, [rules], 30, now)
        taken.append(time.perf_counter() - started)
    steps = 200
    chunk, run._CHUNK = run._CHUNK, 1
    started = time.perf_counter()
    over_days(settings, of_record(record), kept, [rules], steps / 1440, now)
    singly = time.perf_counter() - started
    run._CHUNK = chunk
    record.close()
    # With a week before the first step, in which what is recorded has to be judged as well.
    return statistics.median(taken), Baseline("one step at a time", singly * (37 * 1440) / (7 * 1440 + steps))
