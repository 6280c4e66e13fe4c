"""What changed notably, and where most of it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.kpis import KPIS
from data.models import Status
from data.queries.changes import RATIOS, changes
from data.record import Record
from data.times import DAY, SECOND
from data.writer import apply
from tests.data.support import T0, call, empty_record

WEEK = CallFilter(start=T0, end=T0 + 7 * DAY)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    made = empty_record(tmp_path / "calls.db")
    yield made
    made.close()


def fill(record: Record, shares: dict[tuple[str, str], tuple[float, float]], each: int = 400) -> AnalyticCopy:
    """As many calls of each agent in each queue, in both weeks; the share that succeeds before and now."""
    events = []
    for (agent, queue), rates in shares.items():
        for week, rate in ((-1, rates[0]), (0, rates[1])):
            for i in range(each):
                start = T0 + week * 7 * DAY + i * 60 * SECOND
                events.append(
                    call(
                        f"{agent}-{queue}-{week}-{i}",
                        agent=agent,
                        queue=queue,
                        started_at=start,
                        answered_at=start,
                        ended_at=start + 60 * SECOND,
                        duration_seconds=60.0,
                        status=Status.SUCCESS if i < each * rate else Status.ERROR,
                    )
                )
    apply(record, events)
    return AnalyticCopy(record, None)


def test_the_pair_that_most_of_it_comes_from(record: Record) -> None:
    shares = {(agent, queue): (0.9, 0.9) for agent in ("roxy", "mia") for queue in ("billing", "sales")}
    found = changes(fill(record, shares | {("roxy", "billing"): (0.9, 0.6)}), WEEK)
    assert [each.kpi for each in found] == ["success_rate", "error_rate"]
    assert (found[0].before, found[0].after) == pytest.approx((90.0, 82.5))
    assert found[0].where == {"agent": "roxy", "queue": "billing"}
    assert found[0].share == pytest.approx(1.0)


def test_an_agent_in_all_queues_is_named_alone(record: Record) -> None:
    shares = {(agent, queue): (0.9, 0.9) for agent in ("mia", "leo") for queue in ("a", "b", "c")}
    found = changes(fill(record, shares | {("roxy", queue): (0.9, 0.7) for queue in ("a", "b", "c")}), WEEK)
    assert found[0].where == {"agent": "roxy"}


def test_what_is_spread_out_names_nobody(record: Record) -> None:
    shares = {(agent, queue): (0.9, 0.8) for agent in ("roxy", "mia", "leo") for queue in ("a", "b", "c")}
    assert changes(fill(record, shares), WEEK)[0].where == {}


def test_chance_is_no_change(record: Record) -> None:
    assert changes(fill(record, {("roxy", "a"): (0.9, 0.88), ("mia", "a"): (0.9, 0.9)}, each=100), WEEK) == []


def test_each_ratio_is_its_figure(record: Record) -> None:
    copy = fill(record, {("roxy", "a"): (0.9, 0.5)}, each=50)
    for name, ratio in RATIOS.items():
        row = copy.row(WEEK.apply(select(KPIS[name].sql.label("v"), ratio.above.label("a"), ratio.below.label("b"))))
        assert row["v"] == (pytest.approx(ratio.scale * row["a"] / row["b"]) if row["b"] else None), name
