"""Operators: values, matching, and what is an error."""

from __future__ import annotations

import pytest

from alerts.promql import PromQLError
from tests.alerts.promql.support import Memory, ask, ask_range

NAN, INF = float("nan"), float("inf")


@pytest.fixture
def samples() -> Memory:
    return Memory().load(
        60_000,
        {
            'calls{agent="roxy",status="error"}': "2x10",
            'calls{agent="roxy",status="success"}': "6x10",
            'calls{agent="max",status="success"}': "5x10",
            'team{agent="roxy",team="blue"}': "1x10",
            'team{agent="max",team="red"}': "1x10",
            'lines{agent="roxy"}': "4x10",
            'lines{agent="max"}': "5x10",
            'lines{agent="eve"}': "9x10",
        },
    )


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("-2 ^ 2", -4),
        ("2 ^ 3 ^ 2", 512),
        ("2 / -2 ^ - - - 1 * 3 + 2", -10),
        ("-7 % 3", -1),
        ("7.5 % 0", NAN),
        ("1 / 0", INF),
        ("-1 / 0", -INF),
        ("0 / 0", NAN),
        ("10 atan2 20", 0.4636476090008061),
        ("NaN == bool NaN", 0),
        ("2 > bool 1", 1),
        ("1h * 2", 7200),
    ],
)
def test_numbers(samples: Memory, query: str, value: float) -> None:
    assert ask(samples, query) == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("lines * 2", {'{agent="roxy"}': 8, '{agent="max"}': 10, '{agent="eve"}': 18}),
        ("20 - lines{agent='eve'}", {'{agent="eve"}': 11}),
        ("-lines{agent='eve'}", {'{agent="eve"}': -9}),
        ("lines > 4", {'lines{agent="max"}': 5, 'lines{agent="eve"}': 9}),
        ("4 < lines", {'lines{agent="max"}': 5, 'lines{agent="eve"}': 9}),
        ("lines == NaN", {}),
        ("lines != bool 5", {'{agent="roxy"}': 1, '{agent="max"}': 0, '{agent="eve"}': 1}),
        ("sum by (agent) (calls) / lines", {'{agent="roxy"}': 2, '{agent="max"}': 1}),
        ("lines / on (agent) sum by (agent) (calls)", {'{agent="roxy"}': 0.5, '{agent="max"}': 1}),
        ('calls{status="success"} / ignoring (status) lines', {'{agent="roxy"}': 1.5, '{agent="max"}': 1}),
        ('calls{status="success"} > ignoring (status) lines', {'calls{agent="roxy"}': 6}),
        ('calls{status="success"} > on (agent) lines', {'{agent="roxy"}': 6}),
        ("lines >= bool lines", {'{agent="roxy"}': 1, '{agent="max"}': 1, '{agent="eve"}': 1}),
        (
            "calls / on (agent) group_left lines",
            {
                '{agent="roxy", status="error"}': 0.5,
                '{agent="roxy", status="success"}': 1.5,
                '{agent="max", status="success"}': 1,
            },
        ),
        (
            "lines * on (agent) group_left (team, nothing) team",
            {'{agent="roxy", team="blue"}': 4, '{agent="max", team="red"}': 5},
        ),
        (
            "team < on (agent) group_right (team) lines",
            {'lines{agent="roxy", team="blue"}': 1, 'lines{agent="max", team="red"}': 1},
        ),
        ('calls{agent="max"} * on (agent) group_left (status) lines', {'{agent="max"}': 25}),
        ('team{team="red"} + on () lines{agent="eve"}', {"{}": 10}),
        ("lines + team", {}),
        ("lines + nothing", {}),
        ('lines and calls{status="none"}', {}),
        ('lines and on (agent) calls{status="error"}', {'lines{agent="roxy"}': 4}),
        ("lines and on () vector(1)", {'lines{agent="roxy"}': 4, 'lines{agent="max"}': 5, 'lines{agent="eve"}': 9}),
        ("lines unless on (agent) team", {'lines{agent="eve"}': 9}),
        ("lines unless nothing", {'lines{agent="roxy"}': 4, 'lines{agent="max"}': 5, 'lines{agent="eve"}': 9}),
        (
            'calls{status="error"} or on (agent) lines',
            {'calls{agent="roxy", status="error"}': 2, 'lines{agent="max"}': 5, 'lines{agent="eve"}': 9},
        ),
        ("(lines + 1) or lines", {'{agent="roxy"}': 5, '{agent="max"}': 6, '{agent="eve"}': 10}),
        ("nothing or vector(0)", {"{}": 0}),
        ("count(nothing) or on () sum(calls)", {"{}": 13}),
    ],
)
def test_vectors(samples: Memory, query: str, expected: dict[str, float]) -> None:
    assert ask(samples, query, "5m") == pytest.approx(expected)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("lines / on (agent) calls", r'duplicate series for the match group \{agent="roxy"\} on the right hand-side'),
        ("calls / on (agent) group_right lines", r'match group \{agent="roxy"\} on the left hand-side'),
        ("calls / on (agent) lines", "many-to-one matching must be explicit"),
        ("calls > on (agent) lines * 100", "many-to-one matching must be explicit"),
        ("calls * on (agent) group_left (status) calls{status!='error'}", "grouping labels must ensure unique matches"),
    ],
)
def test_matches_that_are_not_unique(samples: Memory, query: str, message: str) -> None:
    with pytest.raises(PromQLError, match=message):
        ask(samples, query, "5m")


def test_every_step_of_a_range_is_matched_by_itself() -> None:
    samples = Memory().load(
        360_000,
        {'a{i="1"}': "1 _ 3 stale 5", 'b{j="1"}': "10 20 _ 40 _", 'b{j="2"}': "_ _ 30 _ 50", 'c{i="1"}': "7 7 7 7 7"},
    )
    times = ("0s", "24m", "6m")
    expected = {'{i="1", j="1"}': {0: 11}, '{i="1", j="2"}': {720: 33, 1440: 55}}
    assert ask_range(samples, "a + on () group_left (j) b", *times) == expected
    assert ask_range(samples, "a + on () b", *times) == {"{}": {0: 11, 720: 33, 1440: 55}}
    assert ask_range(samples, "a or c", *times) == {
        'a{i="1"}': {0: 1, 720: 3, 1440: 5},
        'c{i="1"}': {360: 7, 1080: 7},
    }
    assert ask_range(samples, "c and on () b{j='1'}", *times) == {'c{i="1"}': {0: 7, 360: 7, 1080: 7}}
    assert ask_range(samples, "c unless on () a", *times) == {'c{i="1"}': {360: 7, 1080: 7}}
    assert ask_range(samples, "(c and on () b{j='1'}) or c", *times) == ask_range(samples, "c", *times)
    assert ask_range(samples, "a > 2", *times) == {'a{i="1"}': {720: 3, 1440: 5}}


def test_a_side_that_is_empty_at_a_step_makes_no_error_there() -> None:
    samples = Memory().load(360_000, {"a": "_ 1", 'b{j="1"}': "1 1", 'b{j="2"}': "1 _"})
    assert ask_range(samples, "a + on () b", "0s", "6m", "6m") == {"{}": {360: 2}}


def test_series_that_take_turns_under_one_label_set_are_one() -> None:
    samples = Memory().load(600_000, {"a": "1 _", "b": "3 4"})
    assert ask_range(samples, "-a or -b", "0s", "20m", "10m") == {"{}": {0: -1, 600: -4}}
