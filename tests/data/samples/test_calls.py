"""The metrics of calls made again from the calls are those that the exporter had."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest
from prometheus_client import CollectorRegistry

from data.samples.calls import ACTIVE, NAMES, CallSamples
from data.samples.exposition import of_registry
from data.samples.model import Matcher
from monitoring.metrics import CALL_STATUSES, Metrics

DAY = 86_400_000
STEP = 15_000
TARGET = {"job": "voicehive", "instance": "127.0.0.1:8001"}


def drawn(count: int, days: float, seed: int = 1) -> pd.DataFrame:
    dice = random.Random(seed)
    rows = []
    for _ in range(count):
        start = dice.randrange(int(days * DAY)) * 1000
        status = dice.choice(CALL_STATUSES)
        answered = status in ("success", "error", "voicemail")
        seconds = dice.choice([0.5, 1.0, 59.9, 60.0, 700.0, 5000.0]) if answered else None
        agent = dice.choice(["roxy", "max", None])
        rows.append((start, start + int((seconds or 20) * 1e6), status, agent, seconds))
    return pd.DataFrame(rows, columns=["started_at", "ended_at", "status", "agent", "duration_seconds"])


def at(samples: CallSamples, time: int, name: str = ".+") -> dict[frozenset[tuple[str, str]], float]:
    """The samples at a time that are not 0."""
    blocks = samples.select([Matcher("__name__", "=~", name)], time, time)
    pairs = [pair for block in blocks for pair in zip(block.labels, block.values[:, 0].tolist(), strict=True)]
    return {frozenset(labels.items()): value for labels, value in pairs if value}


def exported(calls: pd.DataFrame, time: int) -> dict[frozenset[tuple[str, str]], float]:
    """What the exporter has counted of calls that had ended by then."""
    metrics = Metrics(CollectorRegistry())
    over = calls[calls["ended_at"] <= time * 1000].astype(object)
    for row in over.where(over.notna(), None).to_dict("records"):
        metrics.count_call(row["status"], row["agent"], row["duration_seconds"])
    found = of_registry(metrics.registry, TARGET)
    return {frozenset(labels.items()): value for labels, value in found if value and labels["__name__"] in NAMES}


@pytest.mark.parametrize("time", [STEP, 7 * STEP, DAY // 2, DAY - STEP, DAY, DAY + STEP, 2 * DAY + 30 * STEP])
def test_counters_and_histograms_are_those_of_the_exporter(time: int) -> None:
    calls = drawn(400, 2.5)
    samples = CallSamples(calls, 0, 3 * DAY, TARGET)
    found = {key: value for key, value in at(samples, time).items() if dict(key)["__name__"] != ACTIVE}
    assert found == pytest.approx(exported(calls, time))


def test_a_stretch_has_a_sample_every_fifteen_seconds_and_agrees_with_its_instants() -> None:
    samples = CallSamples(drawn(300, 1), 0, DAY, TARGET)
    [block] = samples.select(
        [Matcher("__name__", "=", "voicehive_calls_total"), Matcher("status", "=", "error")], 1, DAY
    )
    assert block.times.tolist() == list(range(STEP, DAY + 1, STEP))
    assert (np.diff(block.values, axis=1) >= 0).all()
    for column in (0, 999, len(block.times) - 1):
        rows = zip(block.labels, block.values[:, column].tolist(), strict=True)
        wanted = at(samples, int(block.times[column]), "voicehive_calls_total")
        assert {frozenset(labels.items()): v for labels, v in rows if v} == {
            key: value for key, value in wanted.items() if ("status", "error") in key
        }


def test_the_bucket_of_all_durations_is_the_count() -> None:
    samples = CallSamples(drawn(300, 1), 0, DAY, TARGET)
    [block] = samples.select([Matcher("le", "=", "+Inf")], DAY, DAY)
    whole = at(samples, DAY, "voicehive_call_duration_seconds_count")
    assert sorted(block.values[:, 0].tolist()) == sorted(whole.values())


def test_calls_in_progress_are_active() -> None:
    calls = pd.DataFrame(
        {
            "started_at": [10_000_000, 40_000_000],
            "ended_at": [35_000_000.0, np.nan],
            "status": ["success", "in_progress"],
            "agent": ["roxy", "roxy"],
            "duration_seconds": [25.0, np.nan],
        }
    )
    [block] = CallSamples(calls, 0, 60_000, TARGET).select([Matcher("__name__", "=", ACTIVE)], 0, 60_000)
    assert block.values.tolist() == [[0, 1, 1, 1, 1]]


def test_of_too_many_agents_the_rest_counts_as_other() -> None:
    calls = drawn(200, 1)
    calls["agent"] = [f"agent-{number % 10}" for number in range(len(calls))]
    samples = CallSamples(calls, 0, DAY, TARGET, agents=3)
    found = at(samples, DAY, "voicehive_calls_total")
    assert len({dict(key)["agent"] for key in found}) == 4
    assert sum(found.values()) == sum(calls["ended_at"] <= DAY * 1000)
