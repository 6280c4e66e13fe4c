"""The states of alerts over time; instants in minutes."""

from __future__ import annotations

import pytest

from alerts.rules import Rule
from alerts.states import Alert, RuleAlerts, TooManyAlerts

MINUTE = 60_000


def rule(**fields: str) -> Rule:
    return Rule.model_validate({"alert": "High", "expr": "up"} | fields)


def step(alerts: RuleAlerts, minute: int, *names: str, limit: int = 0) -> list[tuple[str, str]]:
    """Give alerts with these labels at a minute; the names and states after it."""
    at = minute * MINUTE
    alerts.advance([Alert({"alertname": "High", "who": n}, {}, float(minute), at) for n in names], at, limit)
    return sorted((alert.labels["who"], alert.state.value) for alert in alerts.alerts.values())


def test_an_alert_fires_once_it_has_been_pending_for_as_long_as_the_rule_says() -> None:
    alerts = RuleAlerts(rule(**{"for": "2m"}), "High")
    assert step(alerts, 0, "a") == [("a", "pending")]
    assert step(alerts, 1, "a") == [("a", "pending")]
    assert step(alerts, 2, "a") == [("a", "firing")]
    [alert] = alerts.alerts.values()
    assert (alert.active_at, alert.fired_at, alert.value) == (0, 2 * MINUTE, 2.0)


def test_without_a_wait_it_fires_at_once() -> None:
    assert step(RuleAlerts(rule(), "High"), 0, "a") == [("a", "firing")]


def test_a_pause_while_pending_starts_the_wait_anew() -> None:
    alerts = RuleAlerts(rule(**{"for": "2m"}), "High")
    step(alerts, 0, "a")
    assert step(alerts, 1) == []
    step(alerts, 2, "a")
    assert step(alerts, 3, "a") == [("a", "pending")]


def test_a_resolved_alert_is_kept_for_a_quarter_of_an_hour_and_can_come_back_as_a_new_one() -> None:
    alerts = RuleAlerts(rule(), "High")
    step(alerts, 0, "a")
    assert step(alerts, 1) == [("a", "inactive")]
    assert step(alerts, 16) == [("a", "inactive")]
    assert step(alerts, 17) == []
    step(alerts, 20, "a")
    step(alerts, 21)
    assert step(alerts, 22, "a") == [("a", "firing")]
    [alert] = alerts.alerts.values()
    assert (alert.active_at, alert.resolved_at) == (22 * MINUTE, None)


def test_keep_firing_for_bridges_a_gap() -> None:
    alerts = RuleAlerts(rule(keep_firing_for="5m"), "High")
    step(alerts, 0, "a")
    assert step(alerts, 1) == step(alerts, 5) == [("a", "firing")]
    assert step(alerts, 6) == [("a", "inactive")]
    step(alerts, 10, "a")
    step(alerts, 13)
    step(alerts, 14, "a")
    assert step(alerts, 18) == [("a", "firing")]


def test_two_alerts_with_the_same_labels_are_an_error() -> None:
    with pytest.raises(ValueError, match="same labelset"):
        step(RuleAlerts(rule(), "High"), 0, "a", "a")


def test_more_alerts_than_the_limit_are_an_error_and_none_stays() -> None:
    alerts = RuleAlerts(rule(), "High")
    with pytest.raises(TooManyAlerts, match="limit of 1 with 2"):
        step(alerts, 0, "a", "b", limit=1)
    assert not alerts.alerts


def test_series_tell_the_state_and_since_when() -> None:
    alerts = RuleAlerts(rule(**{"for": "1m"}), "High")
    step(alerts, 3, "a")
    labels = {"alertname": "High", "who": "a"}
    assert list(alerts.series()) == [
        ({**labels, "__name__": "ALERTS", "alertstate": "pending"}, 1.0),
        ({**labels, "__name__": "ALERTS_FOR_STATE"}, 180.0),
    ]
    step(alerts, 4)
    assert list(alerts.series()) == []
