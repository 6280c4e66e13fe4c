"""What an alert's expression measures and where its threshold lies."""

from __future__ import annotations

import pytest

from alerts.promql import parse
from alerts.thresholds import Threshold, longest_window, measured, names


@pytest.mark.parametrize(
    ("text", "left", "thresholds"),
    [
        ("a > 5", "a", [(">", 5)]),
        ("5 < a", "a", [(">", 5)]),
        ("a >= -1", "a", [(">=", -1)]),
        ("a * 100 > 5 and b >= 20", "a * 100", [(">", 5)]),
        ("a > 1 unless b < 60", "a", [(">", 1)]),
        ("a < 0.5 or a > 2", "a", [("<", 0.5), (">", 2)]),
        ("a == 0 or absent(a)", "a", [("==", 0)]),
        ("a > 1 or b > 2", "a", [(">", 1)]),
        ("vector(1)", "vector(1)", []),
        ("a > b", "a > b", []),
        ("a and b", "a", []),
    ],
)
def test_the_left_side_is_measured_against_the_number(
    text: str, left: str, thresholds: list[tuple[str, float]]
) -> None:
    found = measured(parse(text))
    assert found.expr.root == parse(left).root
    assert found.thresholds == tuple(Threshold(op, value) for op, value in thresholds)


def test_windows_and_names_are_found_anywhere() -> None:
    root = parse('sum by (x) (rate(a{x="1"}[5m])) / on () group_left () max_over_time(b[1h:1m]) > 2').root
    assert longest_window(root) == 3_600_000
    assert names(root) == {"a", "b"}
