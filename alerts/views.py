"""What pages and the API show of who is told, when, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.dispatch.alert import Alert, sorting
from alerts.dispatch.config import Config
from alerts.dispatch.dedup import NotificationLog
from alerts.dispatch.groups import Group
from alerts.dispatch.schedule import Schedule
from alerts.dispatch.silence import Silence
from alerts.outbox import Delivery


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group as it stands; instants in milliseconds.

    next_at: when it is looked at next; repeats_at: when each integration that was told is told again if all stays so;
    told: the alerts (fingerprints) that they were told of. silenced_by, inhibited_by: of each alert the ids of silences
    and the fingerprints of the alerts that mute it; is_muted: by the route's time intervals.
    """

    key: str
    receiver: str
    labels: dict[str, str]
    alerts: tuple[Alert, ...]
    next_at: int
    repeats_at: dict[str, int]
    told: frozenset[str]
    silenced_by: dict[str, list[str]]
    inhibited_by: dict[str, list[str]]
    is_muted: bool


@dataclass(frozen=True, slots=True)
class ReceiverView:
    """A way of reaching somebody. unready: why it is not configured, empty if it is; last: its newest message."""

    receiver: str
    kind: str
    key: str
    unready: str
    last: Delivery | None


def group_views(
    schedule: Schedule, config: Config, entries: NotificationLog, silences: Sequence[Silence], now: int
) -> list[GroupView]:
    """All groups as they stand at an instant (milliseconds); entries: what integrations were told last."""
    inhibition = schedule.inhibition(now)

    def view(group: Group) -> GroupView:
        ways = [way.key for way in config.integrations(group.route.receiver) if (way.key, group.key) in entries]
        alerts = group.alerts.items()
        return GroupView(
            key=group.key,
            receiver=group.route.receiver,
            labels=dict(group.labels),
            alerts=tuple(sorted(group.alerts.values(), key=sorting)),
            next_at=group.due_at,
            repeats_at={way: schedule.repeats_at(group, entries[way, group.key]) for way in ways},
            told=frozenset().union(*(entries[way, group.key].firing for way in ways)),
            silenced_by={key: [s.id for s in silences if s.silences(alert.labels, now)] for key, alert in alerts},
            inhibited_by={key: inhibition.muting(alert.labels) for key, alert in alerts},
            is_muted=schedule.is_muted(group.route, now),
        )

    return [view(group) for group in schedule.groups]
