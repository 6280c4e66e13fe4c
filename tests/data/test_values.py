"""The values that menus offer: those that there are, with the calls that have them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from data.analytics import AnalyticCopy
from data.filters import LISTS, UNKNOWN, CallFilter
from data.models import calls
from data.queries.listing import count_calls
from data.queries.values import values
from data.record import Record
from data.writer import apply
from tests.data.support import call

TAGS = ["vip", 'say "vip"', "50%", "a_b", "end\\", "ünï,cödé", "vip customer"]


@pytest.fixture
def copy(sqlite_record: Record) -> AnalyticCopy:
    apply(
        sqlite_record,
        [
            *(call(f"a{n}", agent="Ada", queue="sales", tags=["vip"]) for n in range(3)),
            *(call(f"b{n}", agent="Bob", queue="help", tags=["vip", "50%"]) for n in range(2)),
            call("none", tags=[]),
        ],
    )
    return AnalyticCopy(sqlite_record, None)


def test_the_most_frequent_value_comes_first_and_calls_without_one_are_counted(copy: AnalyticCopy) -> None:
    assert values(copy, CallFilter(), "agent") == [("Ada", 3), ("Bob", 2), (UNKNOWN, 1)]


def test_a_facets_own_choice_does_not_hide_its_other_values(copy: AnalyticCopy) -> None:
    chosen = CallFilter(agent=("Ada",), queue=("sales", "help"))
    assert values(copy, chosen, "agent") == [("Ada", 3), ("Bob", 2)]
    assert values(copy, chosen, "queue") == [("sales", 3)]


def test_values_are_found_by_a_text_in_them(copy: AnalyticCopy) -> None:
    assert values(copy, CallFilter(), "agent", search="BO") == [("Bob", 2)]
    assert values(copy, CallFilter(), "tags", search="0%") == [("50%", 2)]


def test_lists_of_tags_are_counted_tag_by_tag(copy: AnalyticCopy) -> None:
    assert values(copy, CallFilter(), "tags") == [("vip", 5), ("50%", 2), (UNKNOWN, 1)]


@pytest.mark.parametrize("name", LISTS)
def test_each_value_leads_to_as_many_calls_as_it_says(copy: AnalyticCopy, name: str) -> None:
    found = values(copy, CallFilter(), name)
    assert found
    for value, count in found:
        assert count_calls(copy, CallFilter(**{name: (value,)})) == count  # type: ignore[arg-type]


def test_a_tag_is_found_as_a_whole_whatever_is_in_it(sqlite_record: Record, tmp_path: Path) -> None:
    apply(sqlite_record, [call(tag, tags=[tag]) for tag in TAGS])
    copy = AnalyticCopy(sqlite_record, None)
    for tag in TAGS:
        assert count_calls(copy, CallFilter(tags=(tag,))) == 1
    assert count_calls(copy, CallFilter(tags=(UNKNOWN,))) == 0
    assert count_calls(copy, CallFilter(tags=("vip", "a_b"))) == 2


@pytest.mark.parametrize(
    ("q", "found"),
    [("ID-7", 1), ("id-", 3), ("ADA", 2), ("help", 1), ("100%", 1), ("0_", 0), ("42", 2), ("1 42", 0), ("gone", 1)],
)
def test_a_search_finds_a_text_as_it_is_written_in_any_case_on_every_engine(record: Record, q: str, found: int) -> None:
    events = [
        call("Id-7", agent="Ada", caller_last2="42"),
        call("id-8", agent="ada", queue="HELP", end_reason="Gone"),
        call("ID-42", queue="100%"),
    ]
    apply(record, events)
    chosen = CallFilter(q=q)
    assert count_calls(AnalyticCopy(record, None), chosen) == found
    with record.read() as connection:
        assert connection.execute(chosen.apply(select(func.count()).select_from(calls))).scalar_one() == found
