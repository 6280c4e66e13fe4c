"""Alerts gathered by route and labels, and when each group is looked at next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from alerts.dispatch.alert import Alert
from alerts.dispatch.route import Route


@dataclass(slots=True)
class Group:
    """Alerts that are told of together. `due_at`: when it is looked at next (milliseconds)."""

    route: Route
    labels: dict[str, str]
    due_at: int
    alerts: dict[str, Alert] = field(default_factory=dict)
    flushed_at: int | None = None

    @property
    def key(self) -> str:
        """As Alertmanager writes it."""
        return f"{self.route.key}:{{{', '.join(f'{name}={_quoted(text)}' for name, text in self.labels.items())}}}"

    def insert(self, alert: Alert, now: int) -> None:
        """Take in an alert or its end; one that waited long enough already is told at once."""
        self.alerts[alert.fingerprint] = alert
        if self.flushed_at is None and alert.starts_at + self.route.group_wait < now:
            self.due_at = now


def _quoted(text: str) -> str:
    """As Go writes a text in quotes."""
    named = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(named.get(each, each if each.isprintable() else _escaped(each)) for each in text) + '"'


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class Groups:
    """All groups of a tree of routes."""

    def __init__(self, root: Route) -> None:
        self._root = root
        self._groups: dict[tuple[tuple[int, ...], tuple[tuple[str, str], ...]], Group] = {}

    def __iter__(self) -> Iterator[Group]:
        yield from self._groups.values()

    def take(self, alerts: Iterable[Alert], now: int) -> None:
        """Put alerts, or their ends, into the groups of all routes that take them."""
        for alert in alerts:
            for route in self._root.match(alert.labels):
                labels = route.group_labels(alert.labels)
                key = (route.place, tuple(labels.items()))
                group = self._groups.get(key)
                if group is None:
                    group = self._groups[key] = Group(route, labels, now + route.group_wait)
                group.insert(alert, now)

    def drop_empty(self) -> None:
        """Forget the groups without alerts."""
        self._groups = {key: group for key, group in self._groups.items() if group.alerts}
