"""Quality and service against plain pandas and a sweep by hand."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.possible import MEASURES, STAGES
from data.queries import concurrency as concurrency_module
from data.queries import latencies as latencies_module
from data.queries import sequences
from data.queries.concurrency import concurrency, earliest
from data.queries.kpis import kpi_report
from data.queries.listing import count_calls
from data.queries.occupancy import LONGEST_BREAK, occupancy
from data.queries.quality import LATENCY_BINS, quality
from data.queries.quantiles import quantiles
from data.queries.service import WAITED, Threshold, service
from data.record import Record
from data.times import DAY, MINUTE, SECOND, buckets
from data.writer import apply
from tests.data.conftest import Bank
from tests.data.support import T0, call

RANGE = CallFilter(start=T0, end=T0 + DAY)


@pytest.fixture
def record(sqlite_record: Record) -> Record:
    """The copy answers; test_analytics.py shows that it holds the same whichever engine fed it."""
    return sqlite_record


def some_calls(seed: int, n: int = 400) -> list[Any]:
    """Calls of a day and of the hours before, some still going on, with measures of which some can't be."""
    dice = np.random.default_rng(seed)
    made = []
    for i in range(n):
        # Whole seconds, so that many starts and ends fall together.
        start = T0 + int(dice.integers(-5 * 3600, 24 * 3600)) * SECOND
        wait, length = int(dice.integers(0, 120)), int(dice.integers(0, 900))
        status = str(dice.choice(["success", "error", "abandoned", "missed", "invalid", "in_progress"]))
        event: dict[str, Any] = {"status": status, "started_at": start, "updated_at": start + DAY,
                                 "agent": str(dice.choice(["roxy", "max", "luna"]))}  # fmt: skip
        if dice.random() < 0.8:
            event |= {"direction": "inbound", "queued_at": start, "queue": str(dice.choice(["sales", "care"]))}
        if status != "in_progress":
            event["ended_at"] = start + (wait + length) * SECOND
        if status in ("success", "error") and status != "in_progress":
            event |= {"answered_at": start + wait * SECOND, "after_call_seconds": float(dice.integers(0, 30))}
            if dice.random() < 0.8:
                parts = {column: float(dice.integers(1, 900)) for column in STAGES.values() if dice.random() < 0.8}
                event |= parts | {"latency_ms": sum(parts.values()) + float(dice.integers(-300, 600))}
                event["latency_ms"] = max(event["latency_ms"], 0.0)
            if dice.random() < 0.1:
                event[str(dice.choice(list(STAGES.values())))] = 9e6
            if dice.random() < 0.7:
                event |= {"turns": int(dice.integers(1, 30)), "user_interruptions": int(dice.integers(0, 9)),
                          "silence_seconds": float(dice.integers(0, 600))}  # fmt: skip
        made.append(call(f"c{i}", **event))
    return made


@pytest.fixture(params=[1, 2, 3])
def calls(request: pytest.FixtureRequest, record: Record) -> pd.DataFrame:
    made = some_calls(request.param)
    apply(record, made)
    frame = pd.DataFrame(made).reindex(columns=[*pd.DataFrame(made).columns, "agent_interruptions"])
    frame["duration_seconds"] = (frame["ended_at"] - frame["answered_at"]) / SECOND
    waited = frame["answered_at"].fillna(frame["ended_at"].where(frame["status"].isin(["abandoned", "missed"])))
    frame["wait_seconds"] = (waited - frame["queued_at"]) / SECOND
    return frame


def inside(calls: pd.DataFrame) -> pd.DataFrame:
    """The counted calls of the range."""
    counted = ~calls["status"].isin(["invalid", "in_progress"])
    return calls[counted & (calls["started_at"] >= T0) & (calls["started_at"] < T0 + DAY)]


def cleaned(calls: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int], int]:
    """Values that can't be as unknown, how many of each there were, and on how many calls."""
    found, bad = calls.copy(), pd.DataFrame(index=calls.index)
    most = 1000 * calls["duration_seconds"].fillna(np.inf)
    for column in MEASURES:
        limit = calls["duration_seconds"].fillna(np.inf) if column == "silence_seconds" else most
        if column in STAGES.values():
            limit = limit.combine(calls["latency_ms"].fillna(np.inf), min)
        bad[column] = calls[column].notna() & ~((calls[column] >= 0) & (calls[column] <= limit))
        found.loc[bad[column], column] = np.nan
    return found, {str(n): int(k) for n, k in bad.sum().items() if k}, int(bad.any(axis=1).sum())


def test_stages_and_what_can_not_be(copy: AnalyticCopy, calls: pd.DataFrame) -> None:
    found = quality(copy, RANGE, now=T0 + DAY)
    clean, bad, calls_with_bad = cleaned(inside(calls))
    assert (found.impossible, found.impossible_calls) == (bad, calls_with_bad)
    assert calls_with_bad > 3
    for one in found.stages:
        column = STAGES.get(one.name, "latency_ms")
        assert (one.calls, one.impossible) == (clean[column].count(), bad.get(column, 0))
        assert one.mean == pytest.approx(clean[column].mean())
        for name, value in one.percentiles.items():
            assert value == pytest.approx(clean[column].quantile(int(name[1:]) / 100))
    assert sum(found.histogram) == clean["latency_ms"].count()
    assert found.histogram == [int(n) for n in np.histogram(clean["latency_ms"].dropna(), [*LATENCY_BINS, np.inf])[0]]


def test_parts_add_up_to_the_whole_with_what_is_left(copy: AnalyticCopy, calls: pd.DataFrame) -> None:
    found = quality(copy, RANGE, now=T0 + DAY)
    clean, _, _ = cleaned(inside(calls))
    itemised = clean[clean["latency_ms"].notna() & clean[list(STAGES.values())].notna().any(axis=1)]
    assert found.itemised == len(itemised) == found.course["itemised"].sum()
    for name, column in STAGES.items():
        assert found.parts[name] == pytest.approx(itemised[column].fillna(0).mean())
    assert found.parts["total"] == pytest.approx(itemised["latency_ms"].mean())
    rest = (itemised["latency_ms"] - itemised[list(STAGES.values())].sum(axis=1)).mean()
    assert found.parts["total"] - sum(found.parts[n] for n in STAGES) == pytest.approx(rest)
    # Bucket by bucket, weighted by their calls, the same.
    weights = found.course["itemised"]
    for name in (*STAGES, "total"):
        mean = (found.course[f"part.{name}"] * weights).sum() / weights.sum()
        assert mean == pytest.approx(found.parts[name])


def test_conversations_and_their_coverage(copy: AnalyticCopy, calls: pd.DataFrame) -> None:
    found = quality(copy, RANGE, now=T0 + DAY, by="agent", lines=True)
    clean, _, _ = cleaned(inside(calls))
    talked = clean[clean["turns"].notna() & clean["user_interruptions"].notna()]
    silent = clean[clean["silence_seconds"].notna() & clean["duration_seconds"].notna()]
    assert found.report.current["user_interruptions"] == pytest.approx(
        100 * talked["user_interruptions"].sum() / talked["turns"].sum()
    )
    assert found.report.current["silence"] == pytest.approx(
        100 * silent["silence_seconds"].sum() / silent["duration_seconds"].sum()
    )
    assert found.report.current["turns"] == pytest.approx(clean["turns"].mean())
    assert found.report.current["agent_interruptions"] is None
    assert found.report.coverage["silence"] == pytest.approx(100 * len(silent) / len(clean))
    for row in found.table.to_dict("records"):
        own = clean[clean["agent"] == row["name"]]
        assert (row["calls"], row["measured"]) == (len(own), own["latency_ms"].count())
        assert row["p95"] == pytest.approx(own["latency_ms"].quantile(0.95))
    assert set(found.lines) == {"roxy", "max", "luna"}


def test_latency_is_the_same_on_every_page(copy: AnalyticCopy, calls: pd.DataFrame) -> None:
    found, everywhere = quality(copy, RANGE, now=T0 + DAY), kpi_report(copy, RANGE, now=T0 + DAY)
    assert found.report.current["p95_latency_ms"] == everywhere.current["p95_latency_ms"]
    assert found.stages[-1].mean == pytest.approx(everywhere.current["avg_latency_ms"])
    assert found.report.coverage["p95_latency_ms"] == everywhere.coverage["latency"]


@pytest.mark.usefixtures("calls")
def test_latencies_of_a_long_range_are_put_together(copy: AnalyticCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = quality(copy, RANGE, now=T0 + DAY)
    monkeypatch.setattr(latencies_module, "_PIECE", 5 * 60 * MINUTE)
    pieces = quality(copy, RANGE, now=T0 + DAY)
    pd.testing.assert_frame_equal(pieces.course, whole.course)
    assert (pieces.total, pieces.stages, pieces.histogram) == (whole.total, whole.stages, whole.histogram)
    assert pieces.parts == pytest.approx(whole.parts)


def test_percentiles_are_exactly_those_of_the_engine() -> None:
    dice, shares = np.random.default_rng(5), [0.0, 0.05, 0.5, 0.95, 0.99, 1.0]
    with duckdb.connect() as engine:
        for n in (0, 1, 2, 3, 20, 101, 1_000):
            values = dice.choice([dice.uniform(0, 1e7, n), dice.integers(0, 5, n) / 10]) if n else np.empty(0)
            query = f"SELECT quantile_cont(v, {shares}) FROM (SELECT unnest(?::DOUBLE[]) AS v)"
            row = engine.execute(query, [values.tolist()]).fetchone()
            assert quantiles(values, shares) == ((row and row[0]) or [None] * len(shares))


@pytest.mark.parametrize("threshold", [Threshold(), Threshold(45, "exclude"), Threshold(7)])
def test_service_by_queue_and_by_wait(copy: AnalyticCopy, calls: pd.DataFrame, threshold: Threshold) -> None:
    found = service(copy, RANGE, now=T0 + DAY, threshold=threshold)
    offered = inside(calls).dropna(subset=["queued_at"])
    left = offered["status"] == "abandoned"
    answered = offered["answered_at"].notna()

    def level(frame: pd.DataFrame) -> float:
        n = len(frame) - (frame["status"] == "abandoned").sum() * (threshold.abandoned == "exclude")
        return 100 * (frame["answered_at"].notna() & (frame["wait_seconds"] <= threshold.seconds)).sum() / n

    assert found.report.current["service_level"] == pytest.approx(level(offered))
    assert found.answered == answered.sum()
    for row in found.queues.to_dict("records"):
        own = offered[offered["queue"] == row["queue"]]
        assert (row["offered"], row["n.abandoned"]) == (len(own), (own["status"] == "abandoned").sum())
        assert row["service_level"] == pytest.approx(level(own))
        assert row["longest"] == own["wait_seconds"].max()
    by_set = {"answered_waited": answered, "left_waiting": left & ~answered, "never_answered": ~left & ~answered}
    for name in WAITED:
        waits = offered.loc[by_set[name], "wait_seconds"].dropna()
        assert found.waits[name].tolist() == np.histogram(waits, [*found.bins, np.inf])[0].tolist()
    assert threshold.seconds in found.bins
    assert found.hours["n"].sum() == len(offered)
    assert found.course["offered"].sum() == len(offered)


def levels_by_hand(calls: pd.DataFrame, start: int, end: int) -> list[int]:
    """Calls going on in each second of [start, end)."""
    real = calls[calls["status"] != "invalid"]
    real = real[(real["started_at"] >= earliest(RANGE)) & (real["started_at"] < end)]
    seconds = np.arange(start, end, SECOND)
    began = np.sort(real["started_at"].to_numpy())
    over = np.sort(real.loc[real["status"] != "in_progress", "ended_at"].to_numpy())
    return list(np.searchsorted(began, seconds, "right") - np.searchsorted(over, seconds, "right"))


def test_calls_at_once_are_those_of_every_second(copy: AnalyticCopy, calls: pd.DataFrame) -> None:
    """Starts and ends fall on whole seconds, so the level of each second is the level throughout it."""
    assert RANGE.start is not None and RANGE.end is not None
    grid = buckets(RANGE.start, RANGE.end, 30 * MINUTE, "UTC")
    found = concurrency(copy, RANGE, grid, now=T0 + DAY, hourly=True)
    levels = levels_by_hand(calls, T0, T0 + DAY)
    assert (found.peak, found.at) == (max(levels), T0 + levels.index(max(levels)) * SECOND)
    edges = [*grid.starts, grid.end]
    for row, low, high in zip(found.course.to_dict("records"), edges[:-1], edges[1:], strict=True):
        part = levels[(max(low, T0) - T0) // SECOND : (min(high, T0 + DAY) - T0) // SECOND]
        assert row["peak"] == max(part), low
        assert row["mean"] == pytest.approx(sum(part) / len(part)), low
    assert found.hours["value"].max() == found.peak
    # What is listed as having been there at the peak is as many calls.
    assert found.at is not None
    at_peak = CallFilter(start=earliest(RANGE), end=found.at + 1, at=found.at)
    assert count_calls(copy, at_peak) == found.peak


@pytest.mark.parametrize("zone", ["UTC", "America/St_Johns", "Asia/Kolkata"])
@pytest.mark.parametrize("width", [30 * MINUTE, 60 * MINUTE, 6 * 60 * MINUTE, DAY])
@pytest.mark.parametrize("cut", [0, 61 * MINUTE + SECOND])
@pytest.mark.usefixtures("calls")
def test_hours_beside_change_no_course(copy: AnalyticCopy, width: int, zone: str, cut: int) -> None:
    chosen = CallFilter(start=T0 + cut, end=T0 + DAY - cut // 2, zone=zone)
    assert chosen.start is not None and chosen.end is not None
    grid, now = buckets(chosen.start, chosen.end, width, zone), T0 + DAY - 3 * cut
    alone, beside = (concurrency(copy, chosen, grid, now=now, hourly=hourly) for hourly in (False, True))
    assert (beside.peak, beside.at) == (alone.peak, alone.at)
    assert beside.course["bucket_start"].tolist() == alone.course["bucket_start"].tolist()
    assert beside.course["peak"].tolist() == alone.course["peak"].tolist()
    assert beside.course["mean"].tolist() == pytest.approx(alone.course["mean"].tolist())


def test_a_long_range_is_swept_in_pieces_without_a_seam(copy: AnalyticCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    assert RANGE.start is not None and RANGE.end is not None
    grid = buckets(RANGE.start, RANGE.end, 5 * MINUTE, "UTC")
    whole = concurrency(copy, RANGE, grid, now=T0 + DAY)
    monkeypatch.setattr(concurrency_module, "_PIECE", 17 * MINUTE)
    pieces = concurrency(copy, RANGE, grid, now=T0 + DAY)
    assert (pieces.peak, pieces.at) == (whole.peak, whole.at)
    assert pieces.course["peak"].tolist() == whole.course["peak"].tolist()
    assert pieces.course["mean"].tolist() == pytest.approx(whole.course["mean"].tolist())


@pytest.mark.parametrize("part", [1_000_000, 100])
def test_agents_are_as_busy_as_their_calls_and_breaks_say(
    copy: AnalyticCopy, calls: pd.DataFrame, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequences, "_ROWS", part)
    found = occupancy(copy, RANGE)
    answered = inside(calls).dropna(subset=["duration_seconds"])
    for row in found.agents.to_dict("records"):
        own = answered[answered["agent"] == row["agent"]]
        spans = sorted(
            (int(a), int(a + (d + w) * SECOND))
            for a, d, w in zip(own["answered_at"], own["duration_seconds"], own["after_call_seconds"], strict=True)
        )
        assert row["calls"] == len(spans)
        assert row["handled"] == pytest.approx(sum(b - a for a, b in spans) / SECOND)
        active, until = 0, spans[0][0]
        for begin, end in spans:
            active += begin - until if 0 < begin - until <= LONGEST_BREAK else 0
            active += max(end - max(begin, until), 0)
            until = max(until, end)
        assert row["active"] == pytest.approx(active / SECOND)
    assert found.percent == pytest.approx(100 * found.agents["handled"].sum() / found.agents["active"].sum())


def test_without_calls_nothing_is_known(copy: AnalyticCopy) -> None:
    found = quality(copy, RANGE, now=T0 + DAY)
    assert (found.total, found.parts, found.slowest, found.slow) == (0, {}, [], None)
    assert all(one.mean is None and set(one.percentiles.values()) == {None} for one in found.stages)
    served = service(copy, RANGE, now=T0 + DAY, threshold=Threshold(), by_hour="peak")
    assert served.report.current["service_level"] is None
    assert (served.busy.peak, served.busy.at, served.occupancy.percent) == (0, None, None)
    assert not len(served.busy.hours)


def test_the_banks_january_at_once_and_by_queue(bank: Bank) -> None:
    january = CallFilter(start=915_141_600_000_000, end=917_820_000_000_000, zone="Asia/Jerusalem")
    found = service(bank.copy, january, now=january.end or 0, threshold=Threshold(), by_hour="peak")
    expected = bank.expected["service_level_20s_percent"]["abandoned_count"]
    assert found.report.current["service_level"] == pytest.approx(expected, abs=5e-5)
    assert found.report.current["service_level"] == pytest.approx(
        (found.queues["service_level"] * found.queues["offered"]).sum() / found.queues["offered"].sum()
    )
    assert found.waits[list(WAITED)].to_numpy().sum() == bank.expected["offered"]
    assert found.busy.peak == found.busy.hours["value"].max() == 29
    assert found.busy.course["peak"].max() == found.busy.peak
