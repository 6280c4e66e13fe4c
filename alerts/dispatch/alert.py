"""An alert as those who are told know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from alerts import states
from alerts.record import short
from data.samples.model import Labels

_FOREMOST = ("job", "instance")


@dataclass(frozen=True)
class Alert:
    """An alert that fires, or fired until `ends_at`; instants in milliseconds, None = no end is known."""

    labels: Labels
    annotations: Mapping[str, str]
    starts_at: int
    ends_at: int | None = None
    generator_url: str = ""

    @cached_property
    def fingerprint(self) -> str:
        """Equal for equal label sets."""
        return short(self.labels)

    def is_resolved(self, at: int) -> bool:
        """Whether it is over at this instant."""
        return self.ends_at is not None and self.ends_at <= at


def told(alert: states.Alert, generator_url: str = "") -> Alert | None:
    """What receivers are told of an alert of a rule; None for one that never fired."""
    if alert.fired_at is None:
        return None
    return Alert(dict(alert.labels), dict(alert.annotations), alert.fired_at, alert.resolved_at, generator_url)


def sorting(alert: Alert) -> tuple[object, ...]:
    """The key by which Alertmanager sorts the alerts of a notification."""
    first = tuple((name not in alert.labels, alert.labels.get(name, "")) for name in _FOREMOST)
    return (*first, len(alert.labels), sorted(alert.labels.items()))
