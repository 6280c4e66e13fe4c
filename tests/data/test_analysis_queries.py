"""Trends, agents and outcomes against plain pandas, and every figure against the list of its calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.analytics import AnalyticCopy
from data.callsets import behind
from data.filters import UNKNOWN, CallFilter
from data.kpis import KPIS
from data.queries import sequences
from data.queries.board import DURATION_BINS, board, duration_histogram
from data.queries.listing import count_calls
from data.queries.outcomes import FUNNEL, REST, outcomes
from data.queries.repeats import repeats
from data.queries.trends import MOST_LINES, OTHERS, Trends, trends
from data.record import Record
from data.times import DAY, HOUR, SECOND, TooManyBuckets, to_datetime, wall
from data.writer import apply
from tests.data.month import MONTH_END, Month, month
from tests.data.support import T0, call

BERLIN = "Europe/Berlin"
WEEK = CallFilter(start=MONTH_END - 7 * DAY - 3 * HOUR, end=MONTH_END, zone=BERLIN)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Month]:
    yield from month(tmp_path_factory.mktemp("analysis"))


def asked(copy: AnalyticCopy, chosen: CallFilter, **more: Any) -> Trends:
    how: dict[str, Any] = {"metric": "total_calls", "by": None, "bucket": "auto", "compare": True, "now": MONTH_END}
    return trends(copy, chosen, **how | more)


def local(frame: pd.DataFrame, zone: str) -> Any:
    return pd.to_datetime(frame.started_at, unit="us", utc=True).dt.tz_convert(zone)


# --- trends


@pytest.mark.parametrize("metric", ["total_calls", "success_rate", "p95_duration_seconds", "csat", "cost"])
def test_every_bucket_of_a_figure_is_that_of_its_calls(calls: Month, metric: str) -> None:
    found = asked(calls.copy, WEEK, metric=metric, bucket="day")
    frame = calls.counted(WEEK)
    for i, (start, end) in enumerate(zip(found.edges, found.edges[1:], strict=False)):
        inside = frame[(frame.started_at >= start) & (frame.started_at < end)]
        duration = inside.duration_seconds.dropna()
        expected = {
            "total_calls": len(inside),
            "success_rate": 100 * (inside.status == "success").mean(),
            "p95_duration_seconds": duration.quantile(0.95),
            "csat": inside.csat.mean(),
            "cost": inside.cost.sum(),
        }[metric]
        assert found.total.series[i] == pytest.approx(expected)
        # The list behind the point holds as many calls as the figure rests on.
        cut = replace(WEEK, start=max(start, WEEK.start or 0), end=min(end, MONTH_END), of=(behind(metric),))
        assert count_calls(calls.copy, cut) == found.total.n[i] > 0


@pytest.mark.parametrize("by", ["agent", "agent_version", "status", "end_reason", "sentiment"])
def test_the_values_of_a_dimension_add_up_to_all_calls(calls: Month, by: str) -> None:
    found = asked(calls.copy, WEEK, by=by)
    frame = calls.counted(WEEK)
    counts = frame[by].fillna(UNKNOWN).value_counts()
    named = {line.name: line.whole for line in found.lines if line.name != OTHERS}
    assert named == counts[list(named)].to_dict()
    assert len(found.lines) == min(len(counts), MOST_LINES + 1)
    assert sum(line.whole or 0 for line in found.lines) == len(frame) == found.total.whole
    columns = zip(*(line.series for line in found.lines), strict=True)
    assert [sum(v or 0 for v in column) for column in columns] == found.total.series
    for line in found.lines:
        values: dict[str, Any] = {by: line.values, "of": ("counted",)}
        assert count_calls(calls.copy, replace(WEEK, **values)) == line.whole_n


def test_the_previous_period_is_that_of_the_fair_comparison(calls: Month) -> None:
    midnight = wall(BERLIN, to_datetime(MONTH_END, BERLIN).replace(hour=0, minute=0, second=0, tzinfo=None))
    whole_days = replace(WEEK, start=midnight - 5 * DAY, end=midnight)
    found = asked(calls.copy, whole_days, by="agent", bucket="day")
    earlier = whole_days.previous()
    assert earlier is not None
    frame = calls.counted(earlier)
    assert found.total.previous_whole == len(frame)
    assert {line.name: line.previous_whole for line in found.lines} == frame.agent.value_counts().to_dict()
    assert sum(v or 0 for v in found.total.previous) == len(frame)
    assert asked(calls.copy, whole_days, compare=False).total.previous == []


@pytest.mark.parametrize("metric", ["total_calls", "success_rate"])
def test_each_cell_of_the_week_is_that_of_its_calls(calls: Month, metric: str) -> None:
    found = asked(calls.copy, WEEK, metric=metric).heat
    frame = calls.counted(WEEK)
    clock = local(frame, BERLIN)
    value = (frame.status == "success") * 100.0
    grouped = value.groupby([clock.dt.day_of_week, clock.dt.hour])
    expected = grouped.size() if metric == "total_calls" else grouped.mean()
    assert found.set_index(["weekday", "hour"])["value"].to_dict() == pytest.approx(expected.to_dict())
    for row in found.sample(8, random_state=1).itertuples():
        cell = replace(WEEK, weekday=(int(row.weekday),), hour=(int(row.hour),), of=("counted",))  # type: ignore[arg-type]
        assert count_calls(calls.copy, cell) == row.n


def test_the_normal_band_is_the_median_of_the_same_time_in_the_weeks_before(
    sqlite_record: Record, tmp_path: Path
) -> None:
    monday = wall(BERLIN, pd.Timestamp("2024-04-15").to_pydatetime())
    counts = {1: 10, 2: 12, 3: 11, 4: 30, 5: 10, 6: 12}
    # Across the change of the clocks of 31 March the same time is the same wall clock.
    starts = [
        wall(BERLIN, (pd.Timestamp("2024-04-15 09:10") - pd.Timedelta(weeks=k)).to_pydatetime()) + i * SECOND
        for k, n in (counts | {0: 40}).items()
        for i in range(n)
    ]
    oldest = call("old", started_at=monday - 60 * DAY, status="success")
    apply(sqlite_record, [oldest, *(call(f"{t}", started_at=t, status="success") for t in starts)])
    copy = AnalyticCopy(sqlite_record, None)
    chosen = CallFilter(start=monday, end=monday + DAY, zone=BERLIN)
    band = asked(copy, chosen, bucket="hour", now=monday + DAY).band
    assert band is not None
    median = float(np.median(list(counts.values())))
    spread = max(1.4826 * float(np.median(np.abs(np.array(list(counts.values())) - median))), median**0.5)
    assert (band.middle[9], band.low[9], band.high[9]) == pytest.approx(
        (median, median - 3 * spread, median + 3 * spread)
    )
    assert (band.middle[10], band.low[10]) == (0, 0)


def test_less_than_three_weeks_are_no_habit(sqlite_record: Record) -> None:
    apply(sqlite_record, [call(f"{d}", started_at=T0 - d * DAY, status="success") for d in range(15)])
    copy = AnalyticCopy(sqlite_record, None)
    assert asked(copy, CallFilter(start=T0 - DAY, end=T0 + 1), bucket="hour", now=T0 + 1).band is None


def test_too_many_buckets_are_refused_by_name(calls: Month) -> None:
    with pytest.raises(TooManyBuckets, match=r"^bucket: "):
        asked(calls.copy, replace(WEEK, start=MONTH_END - 30 * DAY), bucket="15m")


def test_every_figure_can_be_asked_of_an_empty_store(sqlite_record: Record) -> None:
    copy = AnalyticCopy(sqlite_record, None)
    for metric in KPIS:
        found = asked(copy, CallFilter(start=T0, end=T0 + DAY), metric=metric, by="agent", now=T0 + DAY)
        assert (found.lines, found.total.whole_n, len(found.heat)) == ([], 0, 0)
    assert board(copy, CallFilter(), now=T0).agents.empty
    assert outcomes(copy, CallFilter(), now=T0).sets["counted"] == 0


# --- agents


def test_the_leaderboard_is_that_of_plain_pandas(calls: Month) -> None:
    found = board(calls.copy, WEEK, now=MONTH_END).agents.set_index("agent")
    for agent, frame in calls.counted(WEEK).groupby("agent"):
        row, duration = found.loc[agent], frame.duration_seconds.dropna()
        assert row["calls"] == len(frame)
        assert row["successes"] == (frame.status == "success").sum()
        assert row["cost_per_call"] == pytest.approx(frame.cost.mean())
        assert row["csat"] == pytest.approx(frame.csat.mean(), nan_ok=True)
        assert [row[f"d{p}"] for p in (5, 50, 95)] == pytest.approx(duration.quantile([0.05, 0.5, 0.95]).tolist())
        assert [row[n] for n in ("timed", "rated", "priced")] == [
            frame[c].notna().sum() for c in ("duration_seconds", "csat", "cost")
        ]
    assert found["calls"].is_monotonic_decreasing


def test_the_two_versions_that_came_last_are_compared_or_those_that_are_named(calls: Month) -> None:
    whole = replace(WEEK, start=MONTH_END - 30 * DAY)
    found = {pair.agent: pair for pair in board(calls.copy, whole, now=MONTH_END).comparisons}
    assert (found["roxy"].a.version, found["roxy"].b.version) == ("3.1", "3.2")
    frame = calls.counted(whole)
    frame = frame[(frame.agent == "roxy")]
    for side in (found["roxy"].a, found["roxy"].b):
        of_version = frame[frame.agent_version == side.version]
        assert (side.calls, side.successes) == (len(of_version), (of_version.status == "success").sum())
        assert side.median_seconds == pytest.approx(of_version.duration_seconds.median())
    turned = board(calls.copy, replace(whole, agent=("roxy",)), now=MONTH_END, pair=("3.2", "3.1")).comparisons[0]
    assert (turned.a.version, turned.b.version) == ("3.2", "3.1")
    one, other = turned.duration, found["roxy"].duration
    assert one is not None and other is not None
    assert one.b_lower == pytest.approx(1 - other.b_lower)


def test_the_bars_of_the_durations_hold_every_answered_call_once(calls: Month) -> None:
    found = duration_histogram(calls.copy, WEEK)
    duration = calls.counted(WEEK).duration_seconds.dropna()
    expected = np.histogram(duration, bins=[*DURATION_BINS, np.inf])[0].tolist()
    assert found == expected
    bar = replace(WEEK, of=("timed",), min_duration=30.0, max_duration=60.0)
    assert count_calls(calls.copy, bar) == found[2]


# --- outcomes


def test_outcomes_are_those_of_plain_pandas(calls: Month) -> None:
    found = outcomes(calls.copy, WEEK, now=MONTH_END)
    frame = calls.counted(WEEK)
    offered = frame[(frame.direction == "inbound") & frame.queued_at.notna()]
    answered = offered[offered.answered_at.notna()]
    talked = answered[answered.duration_seconds > 30]
    steps = [len(offered), len(answered), len(talked), (talked.status == "success").sum()]
    assert [found.sets[name] for name in FUNNEL] == steps
    assert found.ratings == frame.csat.dropna().value_counts().to_dict()
    assert found.sentiments == frame.sentiment.dropna().value_counts().to_dict()
    early = frame[(frame.duration_seconds < 30) & (frame.end_reason_group == "customer")]
    assert found.sets["hung_up_early"] == len(early)
    assert found.reasons["calls"].sum() == len(frame)
    by_reason = found.reasons.set_index(["end_reason_group", "end_reason"])["calls"].to_dict()
    assert by_reason == frame.groupby(["end_reason_group", "end_reason"]).size().to_dict()
    for name, n in found.sets.items():
        assert count_calls(calls.copy, replace(WEEK, of=(name,))) == n


def test_the_parts_of_the_costs_add_up_to_the_costs(calls: Month) -> None:
    found = outcomes(calls.copy, WEEK, now=MONTH_END).costs
    frame = calls.counted(WEEK)
    assert found is not None
    assert found.total == pytest.approx(frame.cost.sum())
    assert found.parts["llm"] == pytest.approx(frame.cost_llm.sum())
    assert found.parts[REST] == pytest.approx(0, abs=1e-9)
    assert found.course.drop(columns="bucket_start").to_numpy()[:].sum() == pytest.approx(found.total)
    priced = frame[frame.cost.notna()]
    assert (found.calls, found.successes) == (len(priced), (priced.status == "success").sum())
    assert found.minutes == pytest.approx(priced.duration_seconds.sum() / 60)


def test_costs_in_two_currencies_are_not_added(sqlite_record: Record) -> None:
    money = [{"cost": 1.0, "currency": "USD"}, {"cost": 2.0, "currency": "EUR"}]
    apply(sqlite_record, [call(f"{i}", status="success", **each) for i, each in enumerate(money)])
    found = outcomes(AnalyticCopy(sqlite_record, None), CallFilter(), now=T0 + 1)
    assert (found.costs, found.sets["priced"]) == (None, 2)


@pytest.mark.parametrize("part", [1_000_000, 1_000])
@pytest.mark.parametrize(("again", "within"), [("24h", DAY), ("7d", 7 * DAY)])
def test_repeated_calls_are_those_that_brute_force_finds(
    calls: Month, again: str, within: int, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequences, "_ROWS", part)
    chosen = replace(WEEK, start=MONTH_END - 20 * DAY, end=MONTH_END - 2 * DAY, agent=("max",))
    found = {one.again: one for one in repeats(calls.copy, chosen, now=MONTH_END)}[again]
    counted = calls.counted(CallFilter())
    known = counted[counted.caller_hash.notna()]
    end = min(MONTH_END - 2 * DAY, MONTH_END - within)
    judged = known[(known.agent == "max") & (known.started_at >= (chosen.start or 0)) & (known.started_at < end)]
    times = known.groupby("caller_hash").started_at.apply(np.sort)
    # Whoever took the next call, and also where it came after the range.
    repeated = [
        bool(((times[who] > at) & (times[who] <= at + within)).any())
        for who, at in zip(judged.caller_hash, judged.started_at, strict=True)
    ]
    assert (found.calls, found.repeated) == (len(judged), sum(repeated))
    assert found.repeated > 0
    linked = replace(chosen, end=found.end, of=("caller_known",), again=again)
    assert count_calls(calls.copy, linked) == found.repeated
