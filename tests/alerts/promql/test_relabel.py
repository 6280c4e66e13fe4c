"""label_replace, label_join, absent, and what becomes of names."""

from __future__ import annotations

import pytest

from alerts.promql import PromQLError
from tests.alerts.promql.support import Memory, ask, ask_range


@pytest.fixture
def samples() -> Memory:
    return Memory().load(
        300_000, {'x_total{a="roxy-1",b="p"}': "0 60 120", 'y_total{a="max-2"}': "60 120 180", 'z{c="1"}': "1 _"}
    )


@pytest.mark.parametrize(
    ("arguments", "labels"),
    [
        ('"n", "$1", "a", "(.*)-.*"', '{a="roxy-1", b="p", n="roxy"}'),
        ('"n", "$1", "a", "roxy"', '{a="roxy-1", b="p"}'),  # the whole value has to match
        ('"n", "${1}x$2y", "a", "(r)(.*)"', '{a="roxy-1", b="p", n="rx"}'),  # $2y is a group that is none
        ('"n", "$who$$", "a", "(?P<who>[a-z]+).*"', '{a="roxy-1", b="p", n="roxy$"}'),
        ('"n", "a$", "a", ".*"', '{a="roxy-1", b="p", n="a$"}'),
        ('"b", "", "a", ".*"', '{a="roxy-1"}'),
        ('"b", "new", "nothing", ""', '{a="roxy-1", b="new"}'),
        ('"any name", "1", "", ""', '{a="roxy-1", any name="1", b="p"}'),
        ('"n", "$1", "__name__", "(.*)_total"', '{a="roxy-1", b="p", n="x"}'),
    ],
)
def test_label_replace(samples: Memory, arguments: str, labels: str) -> None:
    assert list(ask(samples, f"label_replace(x_total, {arguments})", "10m")) == [f"x_total{labels}"]


@pytest.mark.parametrize(
    ("arguments", "labels"),
    [
        ('"n", "-", "a", "b"', '{a="roxy-1", b="p", n="roxy-1-p"}'),
        ('"n", "-", "a", "nothing", "b"', '{a="roxy-1", b="p", n="roxy-1--p"}'),
        ('"b", "", "nothing"', '{a="roxy-1"}'),
        ('"b", ","', '{a="roxy-1"}'),
    ],
)
def test_label_join(samples: Memory, arguments: str, labels: str) -> None:
    assert list(ask(samples, f"label_join(x_total, {arguments})", "10m")) == [f"x_total{labels}"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ('label_replace(x_total, "", "1", "a", "")', "invalid destination label name"),
        ('label_join(x_total, "", "-", "a")', "invalid destination label name"),
        ('label_join(x_total, "n", "-", "")', "invalid source label name"),
        ('label_replace(x_total, "n", "1", "a", "(")', "invalid regular expression"),
        ('label_replace({__name__=~".*_total"}, "__name__", "n", "", "") + 0', ""),
        ('label_replace(label_replace({a=~".+"}, "a", "", "", ""), "__name__", "", "", "") or z', ""),
    ],
)
def test_labels_that_are_none(samples: Memory, query: str, message: str) -> None:
    if message:
        with pytest.raises(PromQLError, match=message):
            ask(samples, query, "10m")
    else:
        assert len(ask(samples, query, "10m")) == 2


def test_series_may_take_turns_but_not_meet_under_new_labels() -> None:
    turns = Memory().load(1_200_000, {'x{i="1"}': "2 _", 'x{i="2"}': "_ 4"})
    query = 'label_replace(x, "i", "n", "i", ".*")'
    assert ask_range(turns, query, "0s", "20m", "20m") == {'x{i="n"}': {0: 2, 1200: 4}}
    with pytest.raises(PromQLError, match="same labelset"):
        ask(Memory().load(1000, {'x{i="1"}': "2", 'x{i="2"}': "4"}), query)


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("absent(n)", "{}"),
        ('absent(n{a="1",b=~"2",c!="3",d=""})', '{a="1"}'),
        ('absent(n{a="1",a="2",b="3"})', '{b="3"}'),
        ('absent(n{a="1",a=~"2"})', "{}"),
        ('absent((n{a="1"}))', '{a="1"}'),
        ('absent(sum(n{a="1"}))', "{}"),
        ('absent_over_time(n{a="1"}[5m])', '{a="1"}'),
        ('absent_over_time(n{a="1"}[5m:])', "{}"),
        ("absent(x_total)", None),
        ("absent_over_time(x_total[10m])", None),
        ("absent_over_time(x_total[10m:])", None),
    ],
)
def test_absent(samples: Memory, query: str, labels: str | None) -> None:
    assert ask(samples, query, "10m") == ({} if labels is None else {labels: 1})


def test_absent_at_some_steps(samples: Memory) -> None:
    assert ask_range(samples, "absent(z)", "0s", "10m", "5m") == {"{}": {300: 1, 600: 1}}
    assert ask_range(samples, "absent_over_time(z[6m])", "0s", "10m", "5m") == {"{}": {600: 1}}


RATES = 'rate({__name__=~".*_total"}[10m])'


@pytest.mark.parametrize(
    ("query", "series"),
    [
        (RATES, {'{a="roxy-1", b="p"}', '{a="max-2"}'}),
        (f"{RATES} > 0", {'{a="roxy-1", b="p"}', '{a="max-2"}'}),
        (
            f'label_replace({RATES}, "n", "$1", "__name__", "(.*)_total")',
            {'{a="roxy-1", b="p", n="x"}', '{a="max-2", n="y"}'},
        ),
        (
            f'label_replace({RATES}, "__name__", "$1", "__name__", "(.*)_total")',
            {'x{a="roxy-1", b="p"}', 'y{a="max-2"}'},
        ),
        ("last_over_time(x_total[10m])", {'x_total{a="roxy-1", b="p"}'}),
        ("max_over_time(x_total[10m])", {'{a="roxy-1", b="p"}'}),
        ("x_total > 1", {'x_total{a="roxy-1", b="p"}'}),
        ("x_total > bool 1", {'{a="roxy-1", b="p"}'}),
        ("topk(1, x_total)", {'x_total{a="roxy-1", b="p"}'}),
        ("topk(1, rate(x_total[10m]))", {'{a="roxy-1", b="p"}'}),
        ("round(x_total)", {'{a="roxy-1", b="p"}'}),
        ("+x_total", {'x_total{a="roxy-1", b="p"}'}),
        ("sum by (__name__) (x_total)", {"x_total"}),
        ("sum by (__name__) (rate(x_total[10m]))", {"{}"}),
        ("sum by (__name__) (x_total or rate(x_total[10m]))", {"x_total"}),
        ("sum without (a, b) (x_total)", {"{}"}),
    ],
)
def test_a_name_goes_where_it_no_longer_fits(samples: Memory, query: str, series: set[str]) -> None:
    assert set(ask(samples, query, "10m")) == series


@pytest.mark.parametrize(
    "query", ['rate({__name__=~"p|q"}[1m])', '-{__name__=~"p|q"}', 'sum by (__name__) (abs({a="1"}))']
)
def test_series_that_only_their_names_told_apart(query: str) -> None:
    samples = Memory().load(10_000, {'p{a="1"}': "1 2 3", 'q{a="1"}': "1 2 3"})
    with pytest.raises(PromQLError, match="vector cannot contain metrics with the same labelset"):
        ask(samples, query, "20s")
    with pytest.raises(PromQLError, match="vector cannot contain metrics with the same labelset"):
        ask_range(samples, query, "20s", "30s", "10s")
