"""Any stretch of the table of calls is the stretch of all its rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.queries import rows as module
from data.queries.rows import Slices, rows, slices
from data.times import DAY
from data.writer import apply
from tests.data.support import T0, call, empty_record

COUNT = 500


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnalyticCopy]:
    record = empty_record(tmp_path_factory.mktemp("rows") / "calls.db")
    # Three of a moment, gaps of all sizes, a third without a duration.
    events = [
        call(f"{n}", started_at=T0 + (n // 3) ** 3 * 1_000_000, **({} if n % 3 else {"duration_seconds": n % 50}))
        for n in range(COUNT)
    ]
    apply(record, events)
    yield AnalyticCopy(record, None)
    record.close()


def whole(copy: AnalyticCopy, **order: Any) -> list[str]:
    found = rows(copy, CallFilter(), slices(copy, CallFilter()), ["call_id"], limit=COUNT, **order)
    return [str(value) for value in found["call_id"]]


def test_all_rows_are_there_newest_first_and_the_other_way_round(copy: AnalyticCopy) -> None:
    newest_first = whole(copy)
    assert newest_first == [str(n) for n in reversed(range(COUNT))]
    assert whole(copy, descending=False) == newest_first[::-1]


@given(start=st.integers(0, COUNT + 10), limit=st.integers(1, 120), descending=st.booleans())
def test_a_stretch_at_any_depth(copy: AnalyticCopy, start: int, limit: int, descending: bool) -> None:
    counted = slices(copy, CallFilter())
    found = rows(copy, CallFilter(), counted, ["call_id"], start=start, limit=limit, descending=descending)
    assert found["call_id"].tolist() == whole(copy, descending=descending)[start : start + limit]


@pytest.mark.parametrize("descending", [True, False])
def test_other_orders_put_the_unknown_last_and_the_newest_first(copy: AnalyticCopy, descending: bool) -> None:
    found = rows(
        copy,
        CallFilter(),
        slices(copy, CallFilter()),
        ["duration_seconds", "started_at", "id"],
        limit=COUNT,
        sort="duration_seconds",
        descending=descending,
    )
    known = found["duration_seconds"].dropna()
    assert known.tolist() == sorted(known, reverse=descending)
    assert found["duration_seconds"].notna().tolist() == [True] * len(known) + [False] * (COUNT - len(known))
    for _, group in found.groupby("duration_seconds", dropna=False):
        assert group["id"].is_monotonic_decreasing


def test_other_orders_end_at_their_depth(copy: AnalyticCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DEPTH", 30)
    counted = slices(copy, CallFilter())
    assert len(rows(copy, CallFilter(), counted, ["id"], start=20, limit=20, sort="agent")) == 10
    assert rows(copy, CallFilter(), counted, ["id"], start=30, limit=20, sort="agent").empty


def test_a_filter_counts_and_shows_its_own_calls(copy: AnalyticCopy) -> None:
    chosen = CallFilter(start=T0, end=T0 + 30 * DAY, min_duration=0)
    counted = slices(copy, chosen)
    found = rows(copy, chosen, counted, ["call_id", "duration_seconds"], limit=COUNT)
    assert counted.total == len(found) > 0
    assert found["duration_seconds"].notna().all()
    assert slices(copy, CallFilter(agent=("nobody",))).total == 0
    assert rows(copy, chosen, Slices(0, 1, ()), ["call_id"]).empty


def test_only_columns_of_the_table_can_be_named(copy: AnalyticCopy) -> None:
    counted = slices(copy, CallFilter())
    for column, sort in (("metadata", "agent"), ("id", "1; DROP TABLE calls")):
        with pytest.raises(ValueError, match="no such column"):
            rows(copy, CallFilter(), counted, [column], sort=sort)
