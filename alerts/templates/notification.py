"""What a notification's templates see: a group of alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from alerts.templates.calling import Callee, callees
from alerts.templates.values import KV, OwnText, Struct


@dataclass(frozen=True, slots=True)
class Pair(Struct):
    """A label or annotation."""

    go_type: ClassVar[str] = "template.Pair"
    name: str
    value: str


class Pairs(tuple[Pair, ...], OwnText):
    """Labels or annotations in their order."""

    __slots__ = ()
    go_type = "template.Pairs"

    def go_text(self) -> str:
        """What an action gives out."""
        return ", ".join(f"{pair.name}={pair.value}" for pair in self)


@dataclass(frozen=True, slots=True)
class Alert(Struct):
    """One alert; status is firing or resolved, the instants have a zone."""

    go_type: ClassVar[str] = "template.Alert"
    status: str
    labels: KV
    annotations: KV
    starts_at: datetime
    ends_at: datetime
    generator_url: str
    fingerprint: str


class Alerts(tuple[Alert, ...]):
    """All alerts of a notification."""

    __slots__ = ()
    go_type = "template.Alerts"


@dataclass(frozen=True, slots=True)
class Data(Struct):
    """A notification."""

    go_type: ClassVar[str] = "template.Data"
    receiver: str
    status: str
    alerts: Alerts
    group_labels: KV
    common_labels: KV
    common_annotations: KV
    external_url: str


def data(receiver: str, group_labels: Mapping[str, str], alerts: Sequence[Alert], external_url: str) -> Data:
    """The notification of a group: it fires as long as one of its alerts does."""
    firing = any(alert.status == "firing" for alert in alerts)
    return Data(
        receiver=receiver,
        status="firing" if firing else "resolved",
        alerts=Alerts(alerts),
        group_labels=KV(group_labels),
        common_labels=_common([alert.labels for alert in alerts]),
        common_annotations=_common([alert.annotations for alert in alerts]),
        external_url=external_url,
    )


def _common(each: Sequence[KV]) -> KV:
    return KV(set.intersection(*(set(given.items()) for given in each))) if each else KV()


# --- methods


def _sorted_pairs(given: KV) -> Pairs:
    return Pairs(Pair(name, text) for name, text in given.ordered())


def _names(given: KV) -> list[str]:
    return [pair.name for pair in _sorted_pairs(given)]


def _values(given: KV) -> list[str]:
    return [pair.value for pair in _sorted_pairs(given)]


def _remove(given: KV, names: list[str]) -> KV:
    return KV({name: text for name, text in given.items() if name not in names})


def _pair_names(pairs: Pairs) -> list[str]:
    return [pair.name for pair in pairs]


def _pair_values(pairs: Pairs) -> list[str]:
    return [pair.value for pair in pairs]


def _firing(alerts: Alerts) -> tuple[Alert, ...]:
    return tuple(alert for alert in alerts if alert.status == "firing")


def _resolved(alerts: Alerts) -> tuple[Alert, ...]:
    return tuple(alert for alert in alerts if alert.status == "resolved")


GROUP_METHODS: Mapping[type, Mapping[str, Callee]] = {
    KV: callees({"Names": _names, "Remove": _remove, "SortedPairs": _sorted_pairs, "Values": _values}),
    Pairs: callees({"Names": _pair_names, "Values": _pair_values}),
    Alerts: callees({"Firing": _firing, "Resolved": _resolved}),
}
