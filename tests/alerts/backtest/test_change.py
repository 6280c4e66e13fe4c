"""The same rule with another threshold, wait or expression."""

from __future__ import annotations

import pytest

from alerts.backtest.change import BadChange, alert_names, changed, with_draft
from alerts.backtest.threshold import threshold, with_threshold
from alerts.promql import parse
from alerts.rules import load_rules
from tests.conftest import ROOT

RULES = load_rules(ROOT / "alerts/prometheus-rules.yml")


@pytest.mark.parametrize(
    ("expr", "op", "value", "with_7"),
    [
        ("up == 0", "==", 0, "up == 7"),
        ("rate(a[5m]) / b * 100 > 5 and c >= 20", ">", 5, "rate(a[5m]) / b * 100 > 7 and c >= 20"),
        ("(a > 3) < 0.5", "<", 0.5, "(a > 3) < 7"),
        ("a>-2.5e1 or b < 1", ">", -25, "a>7 or b < 1"),
        ('a{b="> 3"} > 4 # > 5', ">", 4, 'a{b="> 3"} > 7 # > 5'),
        ("a > b and c > 1", ">", 1, "a > b and c > 7"),
    ],
)  # fmt: skip
def test_the_threshold_is_the_number_of_the_first_comparison(expr: str, op: str, value: float, with_7: str) -> None:
    found = threshold(expr)
    assert found is not None
    assert (found.op, found.value) == (op, value)
    assert with_threshold(expr, 7) == with_7


@pytest.mark.parametrize("expr", ["vector(1)", "a > b", "absent(a)", "sum(a > 3)", "a > 4 * 3600", "a > 5m"])
def test_an_expression_may_have_none(expr: str) -> None:
    parse(expr)
    assert threshold(expr) is None
    with pytest.raises(ValueError, match="no number"):
        with_threshold(expr, 7)


@pytest.mark.parametrize("name", sorted(set(alert_names(RULES)) - {"Watchdog", "ServiceDown", "IngestStalled"}))
def test_the_shipped_alerts_have_a_threshold(name: str) -> None:
    exprs = [r.expr for group in RULES.groups for r in group.rules if r.alert == name]
    assert all(threshold(expr) is not None for expr in exprs)
    after = [r.expr for group in changed(RULES, name, threshold=123).groups for r in group.rules if r.alert == name]
    assert [" 123" in expr for expr in after] == [True] * len(exprs)


def test_of_several_alerts_of_a_name_one_can_be_changed() -> None:
    found = changed(RULES, "SLOBurnRate/2", threshold=9)
    values = [threshold(r.expr) for group in found.groups for r in group.rules if r.alert == "SLOBurnRate"]
    assert [each.value for each in values if each] == [14.4, 9, 3, 1]


def test_wait_and_expression_can_be_changed_and_everything_else_stays() -> None:
    found = changed(RULES, "HighErrorRate", expr="up == 1", hold="10m")
    [rule] = [r for group in found.groups for r in group.rules if r.alert == "HighErrorRate"]
    assert (rule.expr, rule.hold, rule.labels["severity"]) == ("up == 1", 600_000, "critical")
    assert rule.query.text == "up == 1"


def test_a_draft_stands_beside_the_rules() -> None:
    found = with_draft(RULES, "up == 0", "1m")
    assert [r.name for r in found.groups[-1].rules] == ["draft"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"expr": "up =="}, "expr: "),
        ({"hold": "soon"}, "for: not a valid duration"),
        ({"threshold": 3.0}, "threshold: Watchdog: the expression is compared with no number"),
    ],
)
def test_a_bad_change_is_refused(change: dict, said: str) -> None:
    with pytest.raises(BadChange) as caught:
        changed(RULES, "Watchdog", **change)
    assert str(caught.value).startswith(said)


def test_an_unknown_alert_is_named() -> None:
    with pytest.raises(LookupError, match="'Nothing'"):
        changed(RULES, "Nothing", threshold=3)
