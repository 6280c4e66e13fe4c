"""What queries share is computed once, and never outlives its samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alerts.annotations import expand
from alerts.evaluator import Evaluator
from alerts.promql import Limits, Memo, PromQLError, Vector, instant, parse, range_query
from alerts.promql.calls import Value
from alerts.rules import load_rules
from data.samples.model import Samples
from data.samples.store import SampleStore
from tests.alerts.promql.support import Memory


class Counting(Memory):
    """Counts how often it is asked."""

    asked = 0

    def select(self, matchers, start, end):
        self.asked += 1
        return super().select(matchers, start, end)


def answered(samples: Samples, query: str, at: int, memo: Memo[Value]) -> list[float]:
    found = instant(parse(query), samples, at, Limits(), memo)
    assert isinstance(found, Vector)
    return found.values.tolist()


def test_equal_parts_of_queries_are_computed_once() -> None:
    samples, memo = Counting(), Memo[Value]()
    samples.load(10_000, {'x{a="1"}': "0+1x60", 'x{a="2"}': "0+2x60"})
    assert answered(samples, "sum(rate(x[1m])) * 2", 300_000, memo) == answered(
        samples, "sum(rate(x[1m])) + sum(rate(x[1m]))", 300_000, memo
    )
    assert samples.asked == 1
    answered(samples, "sum by (a) (rate(x[1m]))", 300_000, memo)
    assert samples.asked == 1
    answered(samples, "sum(rate(x[2m]))", 300_000, memo)
    answered(samples, "sum(rate(x[1m]))", 310_000, memo)
    assert samples.asked == 3


def test_what_changed_meanwhile_is_looked_at_again() -> None:
    samples, memo = Counting(), Memo[Value]({"a:b", "b:a"})
    samples.load(10_000, {"a:b": "0+1x60", "x": "0+1x60"})
    queries = ("a:b", "sum(a:b)", 'sum({__name__=~"a.*"})', "sum(x) + a:b")
    for query in (*queries, *queries):
        answered(samples, query, 300_000, memo)
    assert samples.asked == 3
    samples.load(10_000, {'a:b{c="1"}': "5x60"})
    memo.changed("b:a")
    assert answered(samples, "sum(a:b)", 300_000, memo) == [30]
    memo.changed("a:b")
    assert [answered(samples, query, 300_000, memo) for query in queries] == [[30, 5], [35], [35], [60]]
    assert samples.asked == 5


def test_rules_of_one_turn_see_what_those_before_them_recorded(tmp_path: Path) -> None:
    store = SampleStore(tmp_path / "samples.sqlite")
    path = tmp_path / "rules.yml"
    path.write_text(
        """groups: [{name: g, interval: 1s, rules: [
             {record: "a:last", expr: sum(x) + 0 * count(a:x)},
             {record: "a:x", expr: x},
             {record: "a:sum", expr: sum(a:x)},
             {record: "a:x", expr: 2 * x, labels: {of: two}},
             {record: "a:both", expr: sum(a:x)},
             {alert: Many, expr: sum(a:x) > 0},
             {record: "a:alerts", expr: sum(ALERTS)}]}]"""
    )
    judge = Evaluator(load_rules(path), store, expand)
    found = []
    for at in (1_000, 2_000):
        store.scraped("s", at, [({"__name__": "x"}, at / 1_000)])
        list(judge.evaluate(at))
        names = ("a:last", "a:sum", "a:both", "a:alerts")
        found.append({name: answered(store, f"sum({name})", at, Memo()) for name in names})
    assert found == [
        {"a:last": [], "a:sum": [1], "a:both": [3], "a:alerts": [1]},
        {"a:last": [2], "a:sum": [4], "a:both": [6], "a:alerts": [1]},
    ]


def test_after_the_samples_changed_nothing_is_remembered() -> None:
    samples, memo = Counting(), Memo[Value]()
    samples.load(10_000, {"x": "0+1x60"})
    assert answered(samples, "sum(x)", 300_000, memo) == [30]
    samples.load(10_000, {'x{a="2"}': "5x60"})
    assert answered(samples, "sum(x)", 300_000, memo) == [30]
    memo.forget()
    assert answered(samples, "sum(x)", 300_000, memo) == [35]


def test_what_can_not_matter_is_not_looked_at_unless_it_may_fail() -> None:
    samples = Counting()
    samples.load(10_000, {'x{a="1"}': "1x60", 'x{a="2"}': "1x60"})
    for query, asked in (
        ("x > 5 and sum(rate(x[1m])) >= 20", 1),
        ("x > 5 unless on () x", 1),
        ("x > 0 and x offset 1m", 2),
        ("x > 5 or x offset 1m", 2),
        ("x > 5 and sum_over_time(x[1m:10s])", 2),
    ):
        samples.asked = 0
        answered(samples, query, 300_000, Memo())
        assert samples.asked == asked, query
    with pytest.raises(PromQLError, match="many-to-many"):
        answered(samples, "x > 5 and x * on () x", 300_000, Memo())


def test_series_that_come_and_go_are_met_whatever_was_planned_before(tmp_path: Path) -> None:
    store = SampleStore(tmp_path / "samples.sqlite")

    def scraped(at: int, *rooms: str) -> list[tuple[str, float]]:
        named = [
            ({"__name__": name, "room": room}, value) for room in rooms for name, value in (("a", 6.0), ("b", 2.0))
        ]
        store.scraped("s", at, named)
        found = instant(parse("a / b and a or a * on (room) b"), store, at)
        assert isinstance(found, Vector)
        return sorted(zip((each["room"] for each in found.labels), found.values.tolist(), strict=True))

    for at, rooms in ((15_000, "x"), (30_000, "xy"), (45_000, "y"), (60_000, "xyz")):
        for again in (0, 1):
            assert scraped(at + again, *rooms) == [(room, 3.0) for room in rooms]


def test_series_meet_those_of_the_query_at_hand(tmp_path: Path) -> None:
    store = SampleStore(tmp_path / "samples.sqlite")
    rooms = {"a": "xyz", "b": "zyx", "c": "y"}
    named = [({"__name__": name, "room": room}, float(ord(room))) for name in rooms for room in rooms[name]]
    store.scraped("s", 1_000, named)

    def met(query: str) -> dict[str, float]:
        found = instant(parse(query), store, 1_000)
        assert isinstance(found, Vector)
        return {each["room"]: value for each, value in zip(found.labels, found.values.tolist(), strict=True)}

    for _ in range(2):
        assert met("a - b") == {"x": 0, "y": 0, "z": 0}
        assert met("a - c") == {"y": 0}
        assert met("a unless c") == {"x": ord("x"), "z": ord("z")}
        assert met("a unless b") == {}


def test_many_steps_share_their_aggregations() -> None:
    samples, memo = Counting(), Memo[Value]()
    samples.load(10_000, {"x": "0+1x60"})
    first, second = (
        range_query(parse(query), samples, 0, 300_000, 30_000, Limits(), memo) for query in ("sum(x) * 2", "2 * sum(x)")
    )
    assert np.array_equal(first.values, second.values)
    assert samples.asked == 1
