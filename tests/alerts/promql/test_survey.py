"""What a query looks at."""

from __future__ import annotations

import pytest

from alerts.promql import parse
from alerts.promql.survey import looks

M = 60_000


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("x", [("x", 5)]),
        ("rate(x[1h])", [("x", 60)]),
        ("rate(x[1h] offset 1d)", [("x", 60 + 1440)]),
        ("x offset -2m", [("x", 3)]),
        ("max_over_time(rate(x[5m])[1h:1m] offset 10m)", [("x", 75)]),
        ("sum by (a) (x) / on () group_left y > 2", [("x", 5), ("y", 5)]),
        ("topk(scalar(k), -x)", [("x", 5), ("k", 5)]),
        ('{__name__=~"x.*"}', [("", 5)]),
        ("vector(1)", []),
    ],
)
def test_selectors_and_how_far_back_they_look(query: str, expected: list[tuple[str, int]]) -> None:
    assert [(look.name, look.reach // M) for look in looks(parse(query).root)] == expected


def test_absence_and_fixed_instants_are_told() -> None:
    found = list(looks(parse("absent(a) or absent_over_time(b[5m]) or c @ 10 or d").root))
    assert [(look.name, look.for_absence, look.fixed) for look in found] == [
        ("a", True, False),
        ("b", True, False),
        ("c", False, True),
        ("d", False, False),
    ]


def test_a_name_may_be_a_pattern() -> None:
    [look] = looks(parse('{__name__=~"job:.+",a="1"}').root)
    assert look.may_find("job:up")
    assert not look.may_find("up")
