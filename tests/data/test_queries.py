from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.queries.agents import agents
from data.queries.listing import Position, count_calls, latest_events, newest_calls
from data.queries.overview import newest, overview
from data.queries.series import bounded, end_reasons, figure_series, weekday_hour
from data.record import Record
from data.times import DAY, HOUR, MINUTE, SECOND, to_datetime, wall
from data.writer import apply
from tests.data.conftest import BANK_ZONE, Bank
from tests.data.support import T0, call

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@pytest.fixture
def record(sqlite_record: Record) -> Record:
    """The copy answers; test_analytics.py shows that it holds the same whichever engine fed it."""
    return sqlite_record


# --- the bank's January


@pytest.fixture
def january() -> CallFilter:
    """The bank's month in its own zone."""
    days = (datetime(1999, 1, 1), datetime(1999, 2, 1))
    return CallFilter(start=wall(BANK_ZONE, days[0]), end=wall(BANK_ZONE, days[1]), zone=BANK_ZONE)


def test_the_banks_agents_have_the_expected_figures(bank: Bank, january: CallFilter) -> None:
    found = agents(bank.copy, january)
    assert len(found) == bank.expected["agents"]
    assert found["calls"].is_monotonic_decreasing
    top = bank.expected["top_agents"]
    assert found["agent"].tolist()[: len(top)] == list(top)
    for row, expected in zip(found.to_dict("records"), top.values(), strict=False):
        assert row["calls"] == expected["calls"]
        assert row["avg_duration_seconds"] == pytest.approx(expected["mean_duration_seconds"], abs=5e-4)
        assert row["p95_duration_seconds"] == pytest.approx(expected["p95_duration_seconds"])


def test_the_banks_days_have_the_expected_calls(bank: Bank, january: CallFilter) -> None:
    days = figure_series(bank.copy, january, "total_calls", DAY).set_index("bucket_start")["value"]
    assert len(days) == 31
    assert (days > 0).sum() == bank.expected["days_with_calls"]
    assert days.sum() == bank.expected["total_calls"]
    busiest = to_datetime(days.index.tolist()[days.argmax()], BANK_ZONE)
    assert [busiest.date().isoformat(), days.max()] == bank.expected["busiest_day"]


def test_the_banks_busiest_hour_of_the_week_is_the_expected_one(bank: Bank, january: CallFilter) -> None:
    found = weekday_hour(bank.copy, january)
    assert found["calls"].sum() == bank.expected["total_calls"]
    busiest = found.iloc[found["calls"].argmax()]
    name = f"{WEEKDAYS[busiest['weekday']]} {busiest['hour']}"
    assert [name, busiest["calls"]] == bank.expected["busiest_weekday_hour"]


def test_the_banks_queues_have_the_expected_calls(bank: Bank, january: CallFilter) -> None:
    by_queue = figure_series(bank.copy, january, "total_calls", "month", by="queue")
    assert by_queue.set_index("queue")["value"].to_dict() == bank.expected["calls_by_queue"]


def test_the_banks_ends_have_the_expected_calls(bank: Bank, january: CallFilter) -> None:
    found = end_reasons(bank.copy, january)
    assert found["calls"].sum() == bank.expected["total_calls"]
    assert found.groupby("status")["calls"].sum().to_dict() == bank.expected["by_status"]


@pytest.mark.parametrize("bucket", [15 * MINUTE, HOUR, 6 * HOUR, DAY, "week", "month"])
def test_any_bucket_width_gives_all_of_the_banks_calls(bank: Bank, january: CallFilter, bucket: str | int) -> None:
    found = figure_series(bank.copy, january, "total_calls", bucket)
    assert found["value"].sum() == bank.expected["total_calls"]


def test_the_banks_overview_shows_the_expected_figures(bank: Bank, january: CallFilter) -> None:
    assert january.end is not None
    found = overview(bank.copy, january, now=january.end)
    assert found.volume[["success", "abandoned"]].sum().to_dict() == bank.expected["by_status"]
    assert found.sparks["total_calls"].sum() == bank.expected["total_calls"]
    assert found.durations["n"].sum() == bank.expected["duration_seconds"]["n"]
    assert found.kpis.current["total_calls"] == bank.expected["total_calls"]
    assert len(found.volume) <= 60


# --- series


def test_an_hour_that_happens_twice_has_its_calls_apart(record: Record, copy: AnalyticCopy) -> None:
    first, second = (
        int(datetime(2024, 10, 27, 2, 30, fold=fold, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()) * SECOND
        for fold in (0, 1)
    )
    apply(record, [call("a", started_at=first, status="success"), call("b", started_at=second, status="success")])
    chosen = CallFilter(start=first - HOUR, end=second + HOUR, zone="Europe/Berlin")
    found = figure_series(copy, chosen, "total_calls", HOUR)
    assert found["value"].tolist() == [0, 1, 1, 0]
    # On the clock both are at two.
    assert weekday_hour(copy, chosen).to_dict("records") == [{"weekday": 6, "hour": 2, "calls": 2}]


def test_buckets_without_calls_count_nothing_and_know_no_duration(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call(status="success", duration_seconds=7.0)])
    chosen = CallFilter(start=T0 - T0 % HOUR - HOUR, end=T0 - T0 % HOUR + 2 * HOUR)
    assert figure_series(copy, chosen, "total_calls", HOUR)["value"].tolist() == [0, 1, 0]
    durations = figure_series(copy, chosen, "avg_duration_seconds", HOUR)["value"]
    assert durations.isna().tolist() == [True, False, True]
    assert durations[1] == 7.0


def test_a_series_by_a_dimension_has_every_bucket_of_every_value(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call("a", agent="x", status="success"), call("b", agent="y", started_at=T0 + HOUR, status="error")])
    chosen = CallFilter(start=T0, end=T0 + 2 * HOUR)
    found = figure_series(copy, chosen, "total_calls", HOUR, by="agent")
    assert set(found["agent"]) == {"x", "y"}
    assert found.groupby("agent")["value"].agg(["sum", "count"]).to_numpy().tolist() == [[1, 3], [1, 3]]


def test_the_parts_of_a_series_sum_up_to_all_calls(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call("a", agent="x", status="success"), call("b", agent=None, status="error")])
    found = figure_series(copy, CallFilter(start=T0, end=T0 + HOUR), "total_calls", HOUR, by="agent")
    whole = found.groupby("agent", dropna=False)["value"].sum()
    assert (whole["x"], found[found["agent"].isna()]["value"].sum()) == (1, 1)


def test_a_series_is_not_split_by_a_column_that_is_no_dimension(copy: AnalyticCopy) -> None:
    with pytest.raises(ValueError, match="by: must be one of agent, "):
        figure_series(copy, CallFilter(start=0, end=1), "total_calls", HOUR, by="caller_hash")


def test_an_open_range_reaches_from_the_oldest_call_to_the_present(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call("a"), call("b", started_at=T0 + 5)])
    closed = bounded(copy, CallFilter(), T0 + 9)
    assert (closed.start, closed.end) == (T0, T0 + 10)


def test_an_empty_store_has_an_overview_without_figures(copy: AnalyticCopy) -> None:
    found = overview(copy, CallFilter(), now=T0)
    assert found.kpis.current["total_calls"] == 0
    assert (found.newest, found.activity, len(found.volume)) == (None, [], 0)


def test_the_overview_sets_the_whole_earlier_period_beside_the_running_one(record: Record, copy: AnalyticCopy) -> None:
    midnight = wall("UTC", datetime(2024, 5, 8))
    events = [call(f"y{h}", started_at=midnight - DAY + h * HOUR, status="success") for h in range(24)]
    events += [call(f"t{h}", started_at=midnight + h * HOUR, status="success") for h in range(3)]
    apply(record, events)
    found = overview(copy, CallFilter(start=midnight, end=midnight + 3 * HOUR), now=midnight + 3 * HOUR)
    totals = [n or 0 for n in found.previous_total]
    assert len(totals) == len(found.volume)
    assert sum(totals) == 3
    assert found.kpis.previous["total_calls"] == 3


# --- one by one


def test_pages_show_every_call_once_newest_first(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call(f"{i}", started_at=T0 + i // 4) for i in range(30)])
    after, pages = None, []
    while len(page := newest_calls(copy, CallFilter(), limit=7, after=after)):
        pages.append(page)
        last = page.iloc[-1]
        after = Position(int(last["started_at"]), int(last["id"]))
    seen = pd.concat(pages, ignore_index=True)
    assert [len(page) for page in pages] == [7, 7, 7, 7, 2]
    assert seen["id"].is_unique
    assert list(zip(seen["started_at"], seen["id"], strict=True)) == sorted(
        zip(seen["started_at"], seen["id"], strict=True), reverse=True
    )


def test_a_call_that_arrives_while_one_pages_moves_no_page(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call(f"{i}", started_at=T0 + i) for i in range(4)])
    first = newest_calls(copy, CallFilter(), limit=2)
    apply(record, [call("new", started_at=T0 + 99)])
    after = Position(int(first["started_at"].iloc[-1]), int(first["id"].iloc[-1]))
    assert newest_calls(copy, CallFilter(), limit=2, after=after)["started_at"].tolist() == [T0 + 1, T0]


@pytest.mark.parametrize("text", ["%", "_", "\\", "'", '"; DROP TABLE calls; --', "50%"])
def test_a_search_takes_every_character_as_it_is(record: Record, copy: AnalyticCopy, text: str) -> None:
    apply(record, [call("plain", agent="nobody"), call("found", agent=f"x{text}y")])
    assert count_calls(copy, CallFilter(q=text)) == 1


def test_a_search_looks_into_names_and_ignores_case(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call("A-1", agent="Maria"), call("b", end_reason="MARIAchi"), call("c", caller_last2="42")])
    assert count_calls(copy, CallFilter(q="maria")) == 2
    assert count_calls(copy, CallFilter(q="42")) == 1
    assert count_calls(copy, CallFilter(q="a-1")) == 1


def test_the_feed_tells_starts_and_ends_newest_first(record: Record, copy: AnalyticCopy) -> None:
    ended = call("ended", status="error", end_reason="carrier", agent="Ada", ended_at=T0 + 60 * SECOND)
    apply(record, [ended, call("open", started_at=T0 + 30 * SECOND), call("phantom", status="invalid")])
    found = overview(copy, CallFilter(), now=T0 + HOUR).activity
    assert [(a.id, a.type, a.severity) for a in found] == [
        ("test/ended/end", "call_ended", "error"),
        ("test/open/start", "call_started", "info"),
    ]
    assert found[0].message == "Call failed with Ada: carrier"
    assert found[0].timestamp == T0 + 60 * SECOND


def test_a_quiet_day_does_not_empty_the_feed(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call(f"{i}", started_at=T0 + i) for i in range(5)])
    assert len(latest_events(copy, CallFilter(), limit=3, now=T0 + 30 * DAY)) == 3


def test_the_newest_news_is_that_of_the_last_event(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call("a", updated_at=T0 + 7), call("b", updated_at=T0 + 3)])
    assert newest(copy) == T0 + 7
