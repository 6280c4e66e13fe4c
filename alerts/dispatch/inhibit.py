"""Which alerts are muted because a worse one fires."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alerts.dispatch.alert import Alert
from alerts.dispatch.config import InhibitRule
from alerts.dispatch.matchers import Matcher, matches
from data.samples.model import Labels


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule with the alerts that mute by it."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]
    sources: Sequence[Alert]

    def muting(self, labels: Labels) -> list[str]:
        """The fingerprints of the alerts that mute one with these labels."""
        if not self.sources or not matches(self.target, labels):
            return []
        # What matches both sides is muted by nothing of its kind, itself included.
        both = matches(self.source, labels)
        return [
            each.fingerprint
            for each in self.sources
            if all(each.labels.get(name, "") == labels.get(name, "") for name in self.equal)
            and not (both and matches(self.target, each.labels))
        ]


class Inhibition:
    """The rules over the alerts of one instant (milliseconds)."""

    def __init__(self, rules: Iterable[InhibitRule], alerts: Iterable[Alert], at: int) -> None:
        firing = [alert for alert in alerts if not alert.is_resolved(at)]
        self._rules = [_rule(each, firing) for each in rules]

    def muting(self, labels: Labels) -> list[str]:
        """The fingerprints of the alerts that mute one with these labels; empty if none does."""
        return [found for rule in self._rules for found in rule.muting(labels)]


def _rule(rule: InhibitRule, firing: Sequence[Alert]) -> _Rule:
    source = rule.source
    return _Rule(source, rule.target, tuple(rule.equal), [each for each in firing if matches(source, each.labels)])
