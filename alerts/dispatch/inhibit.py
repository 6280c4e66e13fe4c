"""Which alerts are muted because a worse one fires."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from alerts.dispatch.alert import Alert
from alerts.dispatch.config import InhibitRule
from alerts.dispatch.matchers import matches
from data.samples.model import Labels


class _Rule:
    """A rule with the alerts that mute by it, found by the labels that must be equal."""

    def __init__(self, rule: InhibitRule, firing: Iterable[Alert]) -> None:
        self._source, self._target, self._equal = rule.source, rule.target, tuple(rule.equal)
        self._sources: dict[tuple[str, ...], list[Alert]] = defaultdict(list)
        for alert in firing:
            if matches(self._source, alert.labels):
                self._sources[self._key(alert.labels)].append(alert)

    def muting(self, labels: Labels) -> str | None:
        """The fingerprint of an alert that mutes one with these labels."""
        if not self._sources or not matches(self._target, labels):
            return None
        # What matches both sides is muted by nothing of its kind, itself included.
        both = matches(self._source, labels)
        sources = self._sources.get(self._key(labels), [])
        return next((each.fingerprint for each in sources if not (both and matches(self._target, each.labels))), None)

    def _key(self, labels: Labels) -> tuple[str, ...]:
        return tuple(labels.get(name, "") for name in self._equal)


class Inhibition:
    """The rules over the alerts of one instant (milliseconds)."""

    def __init__(self, rules: Iterable[InhibitRule], alerts: Iterable[Alert], at: int) -> None:
        firing = [alert for alert in alerts if not alert.is_resolved(at)]
        self._rules = [_Rule(each, firing) for each in rules]

    def muting(self, labels: Labels) -> list[str]:
        """The fingerprints of alerts that mute one with these labels, one for each rule; empty if none does."""
        found = (rule.muting(labels) for rule in self._rules)
        return [each for each in found if each is not None]
