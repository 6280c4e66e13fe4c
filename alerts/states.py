"""From a rule's result to the states of its alerts: inactive, pending, firing, resolved.

The semantics are those of Prometheus 3 (rules/alerting.go). The clock is passed in; instants are milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from alerts.rules import Rule
from data.samples.model import Labels

#: How long a resolved alert is still told of, so that a lost notification can be sent again.
RESOLVED_KEPT_MS = 15 * 60_000

#: The names of the series that tell of alerts.
ALERT_SERIES = ("ALERTS", "ALERTS_FOR_STATE")

Fingerprint = frozenset[tuple[str, str]]


class State(StrEnum):
    """Where an alert stands; one that was firing and is not any more is inactive with a time of resolution."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"


@dataclass(slots=True)
class Alert:
    """One alert of a rule; None = not yet."""

    labels: Labels
    annotations: Mapping[str, str]
    value: float
    active_at: int
    state: State = State.PENDING
    fired_at: int | None = None
    resolved_at: int | None = None
    keep_firing_since: int | None = None

    @property
    def fingerprint(self) -> Fingerprint:
        """Equal for equal label sets."""
        return fingerprint(self.labels)


def fingerprint(labels: Labels) -> Fingerprint:
    """Equal for equal label sets; an empty label is none."""
    return frozenset((name, value) for name, value in labels.items() if value)


class TooManyAlerts(ValueError):
    """A rule gave more alerts than its group's limit allows."""


class RuleAlerts:
    """The alerts of one rule; `key` tells it from the others of its group, which may have the same name."""

    def __init__(self, rule: Rule, key: str) -> None:
        self.rule, self.key = rule, key
        self.alerts: dict[Fingerprint, Alert] = {}

    def advance(self, found: Iterable[Alert], at: int, limit: int = 0) -> None:
        """Take in what the rule gave at an instant; ValueError if two alerts have the same labels."""
        given: dict[Fingerprint, Alert] = {}
        for alert in found:
            key = alert.fingerprint
            if key in given:
                raise ValueError("vector contains metrics with the same labelset after applying alert labels")
            given[key] = alert
        for key, alert in given.items():
            known = self.alerts.get(key)
            if known is not None and known.state is not State.INACTIVE:
                known.value, known.annotations = alert.value, alert.annotations
            else:
                self.alerts[key] = alert
        for key, alert in list(self.alerts.items()):
            self._step(key, alert, key in given, at)
        active = sum(alert.state is not State.INACTIVE for alert in self.alerts.values())
        if 0 < limit < active:
            self.alerts.clear()
            raise TooManyAlerts(f"exceeded limit of {limit} with {active} alerts")

    def _step(self, key: Fingerprint, alert: Alert, given: bool, at: int) -> None:
        if given:
            alert.keep_firing_since = None
        elif not self._keeps_firing(alert, at):
            if alert.state is State.PENDING or (
                alert.resolved_at is not None and at - alert.resolved_at > RESOLVED_KEPT_MS
            ):
                del self.alerts[key]
            if alert.state is not State.INACTIVE:
                alert.state, alert.resolved_at = State.INACTIVE, at
            return
        if alert.state is State.PENDING and at - alert.active_at >= self.rule.hold:
            alert.state, alert.fired_at = State.FIRING, at

    def _keeps_firing(self, alert: Alert, at: int) -> bool:
        if alert.state is not State.FIRING or not self.rule.keep_firing_for:
            return False
        if alert.keep_firing_since is None:
            alert.keep_firing_since = at
        return at - alert.keep_firing_since < self.rule.keep_firing_for

    def series(self) -> Iterator[tuple[Labels, float]]:
        """What Prometheus records of alerts: ALERTS by state, and since when (seconds)."""
        for alert in self.alerts.values():
            if alert.state is not State.INACTIVE:
                yield {**alert.labels, "__name__": "ALERTS", "alertstate": alert.state.value}, 1.0
                yield {**alert.labels, "__name__": "ALERTS_FOR_STATE"}, float(alert.active_at // 1000)
