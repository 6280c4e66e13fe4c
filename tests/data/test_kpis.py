from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import func, select

from data.analytics import AnalyticCopy
from data.demo.history import generate
from data.filters import CallFilter
from data.importer import import_file
from data.kpis import COUNTS, COVERAGE, KPIS, among_counted, service_level
from data.models import Status, calls
from data.queries.kpis import ACTIVE_TIMEOUT, KpiReport, kpi_report
from data.record import Record
from data.times import DAY, SECOND, wall
from data.writer import apply
from tests.data.conftest import BANK_ZONE, Bank
from tests.data.support import T0, call, empty_record, hash_caller, rows

JANUARY = CallFilter(
    start=wall(BANK_ZONE, datetime(1999, 1, 1)), end=wall(BANK_ZONE, datetime(1999, 2, 1)), zone=BANK_ZONE
)


# --- the bank's January


def test_the_banks_january_has_exactly_the_expected_figures(bank: Bank) -> None:
    expected = bank.expected
    found = kpi_report(bank.copy, JANUARY, now=T0).current
    assert found["total_calls"] == expected["total_calls"]
    assert found["offered"] == expected["offered"]
    assert found["success_rate"] == pytest.approx(expected["success_rate_percent"], abs=5e-5)
    assert found["error_rate"] == 0
    assert found["abandonment_rate"] == pytest.approx(expected["abandonment_rate_percent"], abs=5e-5)
    assert found["avg_duration_seconds"] == pytest.approx(expected["duration_seconds"]["mean"], abs=5e-5)
    assert found["avg_wait_seconds"] == pytest.approx(expected["wait_seconds_of_offered"]["mean"], abs=5e-5)
    assert found["asa_seconds"] == pytest.approx(expected["asa_seconds"]["mean"], abs=5e-5)
    for quantile in ("p50", "p95", "p99"):
        assert found[f"{quantile}_duration_seconds"] == expected["duration_seconds"][quantile]
    for quantile in ("p50", "p95"):
        assert found[f"{quantile}_wait_seconds"] == expected["wait_seconds_of_offered"][quantile]


@pytest.mark.parametrize(("abandoned", "name"), [("count", "abandoned_count"), ("exclude", "abandoned_left_out")])
def test_the_banks_january_has_the_expected_service_level(bank: Bank, abandoned: str, name: str) -> None:
    found = kpi_report(bank.copy, JANUARY, now=T0, sl_seconds=20, sl_abandoned=abandoned).current
    assert found["service_level"] == pytest.approx(bank.expected["service_level_20s_percent"][name], abs=5e-5)


def test_the_banks_figures_are_made_of_as_many_values_as_expected(bank: Bank) -> None:
    counted = calls.c.status != "invalid"
    answered = (calls.c.queued_at.is_not(None), calls.c.answered_at.is_not(None))
    queries = {
        "duration_seconds": select(func.count(calls.c.duration_seconds).label("n")).where(counted),
        "asa_seconds": select(func.count(calls.c.wait_seconds).label("n")).where(counted, *answered),
    }
    for name, query in queries.items():
        assert bank.copy.frame(query)["n"][0] == bank.expected[name]["n"]
    coverage = kpi_report(bank.copy, JANUARY, now=T0).coverage
    assert coverage["duration"] == pytest.approx(100 * 26332 / 31359)
    assert coverage["csat"] == 0


def test_every_row_of_the_banks_file_is_stored_by_its_status(bank: Bank) -> None:
    assert (bank.report.accepted, bank.report.rejected) == (bank.expected["rows"], 0)
    query = select(calls.c.status, func.count().label("n")).group_by(calls.c.status)
    by_status = bank.copy.frame(query).set_index("status")["n"].to_dict()
    assert by_status == bank.expected["by_status"] | {"invalid": bank.expected["invalid"]}


def test_importing_the_banks_file_again_adds_nothing(bank: Bank, tmp_path: Path) -> None:
    before, version = rows(bank.record), bank.copy.sync()
    report = import_file(bank.record, bank.file, bank.meaning, file_format="csv", rejects=tmp_path / "rejects.csv")
    assert (report.accepted, report.updated, report.rejected) == (0, 0, 0)
    assert report.duplicate == bank.expected["rows"]
    assert rows(bank.record) == before
    if bank.record.is_sqlite:
        assert bank.copy.sync() == version


@pytest.mark.postgres
def test_postgresql_computes_the_same_figures_as_the_copy(bank: Bank) -> None:
    if bank.record.is_sqlite:
        pytest.skip("SQLite has no percentiles")
    figures = {name: kpi.sql for name, kpi in KPIS.items()} | {"sl": service_level(60, abandoned="exclude")}
    query = JANUARY.apply(select(*(sql.label(name) for name, sql in figures.items())).select_from(calls))
    with bank.record.read() as connection:
        theirs = dict(connection.execute(query).one()._mapping)
    ours = bank.copy.frame(query).iloc[0]
    for name, value in theirs.items():
        assert ours[name] == pytest.approx(value) if value is not None else pd.isna(ours[name]), name


# --- no calls, few calls


def test_an_empty_store_has_unknown_figures_and_no_zeros(copy: AnalyticCopy) -> None:
    for chosen in (CallFilter(), CallFilter(start=T0, end=T0 + DAY)):
        report = kpi_report(copy, chosen, now=T0)
        counts = {"total_calls": 0, "offered": 0}
        assert report.current == dict.fromkeys(KPIS) | counts | {"active_calls": 0}
        assert report.previous == ({} if chosen.start is None else dict.fromkeys(KPIS) | counts)
        assert report.coverage == dict.fromkeys(COVERAGE)


def test_counts_are_whole_numbers(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call(status="success")])
    current = kpi_report(copy, CallFilter(), now=T0).current
    assert current["total_calls"] == 1
    assert all(type(current[name]) is int for name in ("total_calls", "offered", "active_calls"))


def test_invalid_calls_and_calls_in_progress_are_in_no_figure(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call("ended", status="success", csat=4.0, duration_seconds=10.0)])
    alone = kpi_report(copy, CallFilter(), now=T0 + DAY)
    others = {"csat": 1.0, "duration_seconds": 99.0, "cost": 3.0, "currency": "EUR", "latency_ms": 5.0}
    others |= {"direction": "inbound", "queued_at": T0, "answered_at": T0 + SECOND, "wait_seconds": 1.0}
    apply(record, [call("phantom", status="invalid", **others), call("open", status="in_progress", **others)])
    assert kpi_report(copy, CallFilter(), now=T0 + DAY) == alone


def test_a_call_is_active_until_nothing_was_heard_of_it_for_four_hours(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call(status="in_progress"), call("ended", status="success")])
    assert kpi_report(copy, CallFilter(), now=T0 + ACTIVE_TIMEOUT - 1).current["active_calls"] == 1
    assert kpi_report(copy, CallFilter(), now=T0 + ACTIVE_TIMEOUT).current["active_calls"] == 0
    assert kpi_report(copy, CallFilter(start=T0 + DAY, end=T0 + 2 * DAY), now=T0).current["active_calls"] == 1
    assert kpi_report(copy, CallFilter(queue=("other",)), now=T0).current["active_calls"] == 0


def test_costs_in_two_currencies_have_no_sum(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call("a", status="success", cost=1.5, currency="EUR"), call("b", status="success")])
    assert kpi_report(copy, CallFilter(), now=T0).current["cost"] == 1.5
    apply(record, [call("c", status="success", cost=2.0, currency="USD")])
    assert kpi_report(copy, CallFilter(), now=T0).current["cost"] is None


def test_only_an_inbound_call_that_joined_a_queue_was_offered(record: Record, copy: AnalyticCopy) -> None:
    left = {"status": "abandoned", "ended_at": T0 + 9 * SECOND}
    apply(
        record,
        [
            call("queued", direction="inbound", queued_at=T0, **left),
            call("menu", direction="inbound", **left),
            call("outbound", direction="outbound", queued_at=T0, **left),
            call("unknown", queued_at=T0, **left),
        ],
    )
    found = kpi_report(copy, CallFilter(), now=T0).current
    assert (found["total_calls"], found["offered"], found["abandonment_rate"]) == (4, 1, 100.0)
    assert found["avg_wait_seconds"] == 9.0


def test_a_call_answered_exactly_at_the_limit_is_within_the_service_level(record: Record, copy: AnalyticCopy) -> None:
    events = [
        call(f"{wait}", direction="inbound", status="success", queued_at=T0, answered_at=T0 + round(wait * SECOND))
        for wait in (19.5, 20.0, 20.000001, 21.0)
    ]
    apply(record, events)
    assert kpi_report(copy, CallFilter(), now=T0).current["service_level"] == 50.0


def test_the_previous_period_is_reported_beside_the_current_one(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call("now", status="success"), call("before", started_at=T0 - 5, status="error")])
    report = kpi_report(copy, CallFilter(start=T0, end=T0 + 10), now=T0)
    assert (report.current["total_calls"], report.current["success_rate"]) == (1, 100.0)
    assert (report.previous["total_calls"], report.previous["error_rate"]) == (1, 100.0)


# --- a generated month against plain pandas

MONTH_END = 1_790_000_000 * SECOND


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AnalyticCopy, pd.DataFrame]]:
    """A month of generated calls, in a copy and as a plain frame."""
    record = empty_record(tmp_path_factory.mktemp("month") / "month.db")
    chunks = generate(end=MONTH_END, days=30, calls_per_day=200, hash_caller=hash_caller)
    events = list(itertools.chain.from_iterable(chunks))
    for position, event in enumerate(events):
        if position % 50 == 0:
            event["status"] = "invalid"
        if position % 3 == 0:
            event["after_call_seconds"] = float(position % 40)
    apply(record, events)
    copy = AnalyticCopy(record, None)
    yield copy, pd.DataFrame(events)
    copy.close()
    record.close()


def by_hand(frame: pd.DataFrame) -> dict[str, Any]:
    """The figures of domain.md, computed without any of the program's definitions."""
    total = frame[~frame.status.isin(["invalid", "in_progress"])]
    offered = total[(total.direction == "inbound") & total.queued_at.notna()]
    left = offered.ended_at.where(offered.status.isin(["abandoned", "missed"]))
    wait = (offered.answered_at.fillna(left) - offered.queued_at) / SECOND
    answered = offered.answered_at.notna()
    duration = (total.ended_at - total.answered_at) / SECOND
    priced = total[total.cost.notna()]
    minutes = (priced.ended_at - priced.answered_at).sum() / SECOND / 60
    part = lambda some, all_: 100 * len(some) / len(all_) if len(all_) else np.nan  # noqa: E731
    return {
        "total_calls": len(total),
        "success_rate": part(total[total.status == "success"], total),
        "error_rate": part(total[total.status == "error"], total),
        "abandonment_rate": part(offered[offered.status == "abandoned"], offered),
        "offered": len(offered),
        "avg_duration_seconds": duration.mean(),
        "p50_duration_seconds": duration.quantile(0.5),
        "p95_duration_seconds": duration.quantile(0.95),
        "p99_duration_seconds": duration.quantile(0.99),
        "aht_seconds": (duration + total.after_call_seconds.fillna(0)).mean(),
        "asa_seconds": wait[answered].mean(),
        "avg_wait_seconds": wait.mean(),
        "p50_wait_seconds": wait.quantile(0.5),
        "p95_wait_seconds": wait.quantile(0.95),
        "service_level": part(offered[answered & (wait <= 20)], offered),
        "csat": total.csat.mean(),
        "cost": total.cost.sum() if total.cost.notna().any() else np.nan,
        "cost_per_call": priced.cost.mean(),
        "cost_per_minute": priced.cost.sum() / minutes if minutes else np.nan,
        "cost_per_success": priced.cost.sum() / bought if (bought := (priced.status == "success").sum()) else np.nan,
        "avg_latency_ms": total.latency_ms.mean(),
        "p95_latency_ms": total.latency_ms.quantile(0.95),
    }


def within(frame: pd.DataFrame, chosen: CallFilter) -> pd.DataFrame:
    for name in ("agent", "queue", "status", "direction", "source"):
        if getattr(chosen, name):
            frame = frame[frame[name].isin(getattr(chosen, name))]
    return frame[(frame.started_at >= (chosen.start or 0)) & (frame.started_at < (chosen.end or 2**60))]


@pytest.mark.parametrize(
    "chosen",
    [
        CallFilter(),
        CallFilter(start=MONTH_END - 7 * DAY, end=MONTH_END),
        CallFilter(start=MONTH_END - 3 * DAY, end=MONTH_END - DAY, direction=("inbound",)),
        CallFilter(direction=("outbound", "web")),
        CallFilter(status=("abandoned", "error")),
        CallFilter(start=MONTH_END - 20 * DAY, status=("invalid",)),
    ],
    ids=["all", "week", "inbound", "outbound", "failures", "invalid"],
)
def test_a_generated_months_figures_are_those_of_plain_pandas(
    month: tuple[AnalyticCopy, pd.DataFrame], chosen: CallFilter
) -> None:
    copy, frame = month
    expected = by_hand(within(frame, chosen))
    report: KpiReport = kpi_report(copy, chosen, now=MONTH_END)
    for name in KPIS:
        value = report.current[name]
        assert (np.nan if value is None else value) == pytest.approx(expected[name], nan_ok=True), name


def test_figures_of_a_query_narrowed_to_calls_that_count_are_those_of_any_query(
    month: tuple[AnalyticCopy, pd.DataFrame],
) -> None:
    copy, _ = month
    whole = {name: kpi.sql for name, kpi in KPIS.items()} | {f"carried.{name}": sql for name, sql in COVERAGE.items()}
    whole["excluding"] = service_level(abandoned="exclude")
    short = {name: among_counted(sql) for name, sql in whole.items()}
    found = copy.row(select(*(sql.label(name) for name, sql in short.items())).where(COUNTS))
    assert found == copy.row(select(*(sql.label(name) for name, sql in whole.items())))
    # The condition is what makes them slow: it stands in none of them any more.
    assert not [name for name, sql in short.items() if Status.INVALID in str(sql)]


def test_each_agents_figures_are_those_of_plain_pandas(month: tuple[AnalyticCopy, pd.DataFrame]) -> None:
    copy, frame = month
    for agent in frame.agent.dropna().unique()[:5]:
        chosen = CallFilter(agent=(agent,))
        found, expected = kpi_report(copy, chosen, now=MONTH_END).current, by_hand(within(frame, chosen))
        assert {n: found[n] for n in ("total_calls", "offered")} == {n: expected[n] for n in ("total_calls", "offered")}
        assert found["p95_duration_seconds"] == pytest.approx(expected["p95_duration_seconds"], nan_ok=True)


def test_coverage_is_the_share_of_calls_that_carry_the_figure(month: tuple[AnalyticCopy, pd.DataFrame]) -> None:
    copy, frame = month
    total = frame[frame.status != "invalid"]
    coverage = kpi_report(copy, CallFilter(), now=MONTH_END).coverage
    for name, column in {"csat": "csat", "cost": "cost", "latency": "latency_ms", "sentiment": "sentiment"}.items():
        assert coverage[name] == pytest.approx(100 * total[column].notna().mean())
        assert 0 < (coverage[name] or 0) < 100
