"""What is to be sent at an instant, by whom, and why. Sending and storing are others' work.

A group stays due until `done` is told of its flush: what could not be stored is planned again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alerts.dispatch.alert import Alert, sorting
from alerts.dispatch.config import Config
from alerts.dispatch.dedup import LogEntry, NotificationLog, Reason, reason
from alerts.dispatch.groups import Group, Groups
from alerts.dispatch.inhibit import Inhibition
from alerts.dispatch.integrations import Integration
from alerts.dispatch.route import Route, tree
from alerts.dispatch.silence import Silence


@dataclass(frozen=True, slots=True)
class Notification:
    """What one integration is told of a group; instants in milliseconds.

    entry: what its log holds afterwards. next_at: when it is told again if nothing changes. `alerts` is empty where
    it only is to be logged: all are resolved and the integration does not want to hear of that.
    """

    integration: Integration
    group_key: str
    group_labels: dict[str, str]
    alerts: tuple[Alert, ...]
    reason: Reason
    entry: LogEntry
    next_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Flush:
    """One look at a group."""

    group: Group
    at: int
    seen: tuple[Alert, ...]
    notifications: tuple[Notification, ...]


class Schedule:
    """The groups of a configuration, and what is due of them."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.root = tree(config.route)
        self.groups = Groups(self.root)
        self._ways = {each.name: config.integrations(each.name) for each in config.receivers}

    def take(self, alerts: Iterable[Alert], now: int) -> None:
        """Take in alerts and their ends."""
        self.groups.take(alerts, now)

    def restore(self, alerts: Iterable[Alert], log: NotificationLog, now: int) -> None:
        """Take back all alerts of the last run; groups that were told of keep their ticks."""
        self.take(alerts, now)
        for group in self.groups:
            told = [entry.at for (_, key), entry in log.items() if key == group.key and entry.at <= now]
            if told:
                interval = group.route.group_interval
                group.flushed_at = max(told)
                group.due_at = now + (group.flushed_at - now) % interval

    def next_due(self) -> int | None:
        """When the next group is looked at."""
        return min((group.due_at for group in self.groups), default=None)

    def due(self, now: int, log: NotificationLog, silences: Sequence[Silence]) -> list[Flush]:
        """The groups whose time has come, with what is to be sent of them."""
        groups = [group for group in self.groups if group.due_at <= now]
        if not groups:
            return []
        inhibition = self.inhibition(now)
        return [self._flush(group, now, log, silences, inhibition) for group in groups]

    def done(self, flush: Flush) -> None:
        """What was planned is stored: the group rests until its next tick, and forgets what is resolved."""
        group = flush.group
        group.flushed_at, group.due_at = flush.at, flush.at + group.route.group_interval
        for alert in flush.seen:
            # An alert that fired again meanwhile is another one.
            if alert.is_resolved(flush.at) and group.alerts.get(alert.fingerprint) is alert:
                del group.alerts[alert.fingerprint]
        self.groups.drop_empty()

    def inhibition(self, now: int) -> Inhibition:
        """Which of the alerts mute others at this instant."""
        every = {alert.fingerprint: alert for group in self.groups for alert in group.alerts.values()}
        return Inhibition(self._config.inhibit_rules, every.values(), now)

    def is_muted(self, route: Route, now: int) -> bool:
        """Whether the route's time intervals mute it."""
        intervals = self._config.intervals
        active = route.active_time_intervals
        return (bool(active) and not any(intervals[name].contains(now) for name in active)) or any(
            intervals[name].contains(now) for name in route.mute_time_intervals
        )

    def repeats_at(self, group: Group, last: LogEntry) -> int:
        """When an integration is told again of a group in which nothing changes: the first tick after the interval."""
        interval, over = group.route.group_interval, last.at + group.route.repeat_interval
        return group.due_at + max(0, over - group.due_at + interval) // interval * interval

    def _flush(
        self, group: Group, now: int, log: NotificationLog, silences: Sequence[Silence], inhibition: Inhibition
    ) -> Flush:
        seen = tuple(sorted(group.alerts.values(), key=sorting))
        told = [
            alert
            for alert in seen
            if not inhibition.muting(alert.labels) and not any(each.silences(alert.labels, now) for each in silences)
        ]
        if not told or self.is_muted(group.route, now):
            return Flush(group, now, seen, ())
        found = (self._notification(way, group, told, log, now) for way in self._ways[group.route.receiver])
        return Flush(group, now, seen, tuple(each for each in found if each is not None))

    def _notification(
        self, way: Integration, group: Group, alerts: list[Alert], log: NotificationLog, now: int
    ) -> Notification | None:
        resolved = frozenset(each.fingerprint for each in alerts if each.is_resolved(now))
        firing = frozenset(each.fingerprint for each in alerts) - resolved
        wants, repeat = way.settings.send_resolved, group.route.repeat_interval
        last = log.get((way.key, group.key))
        why = reason(last, firing, resolved, send_resolved=wants, repeat=repeat, at=now)
        if why is None:
            return None
        sent = tuple(each for each in alerts if wants or each.fingerprint in firing)
        interval = group.route.group_interval
        next_at = now + (repeat // interval + 1) * interval
        # Kept long enough that a late repeat still is one.
        return Notification(
            way, group.key, group.labels, sent, why, LogEntry(now, firing, resolved), next_at, now + 2 * (next_at - now)
        )
