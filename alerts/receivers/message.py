"""What an integration is told of a group of alerts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from alerts import templates
from alerts.dispatch.alert import Alert
from alerts.dispatch.schedule import Notification
from alerts.templates.values import KV

#: Go's zero time: the end of what has not ended.
_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Message:
    """at: the instant that it tells of (milliseconds); whether an alert is over is judged by it.

    only: the mail addresses that have still to get it; empty for all. refused: which never will, told by the server.
    """

    receiver: str
    group_key: str
    group_labels: Mapping[str, str]
    alerts: tuple[Alert, ...]
    at: int
    only: tuple[str, ...] = ()
    refused: str = ""

    @classmethod
    def of(cls, notification: Notification) -> Self:
        """What a planned notification says."""
        told = notification
        return cls(told.integration.receiver, told.group_key, told.group_labels, told.alerts, told.entry.at)

    def as_json(self) -> dict[str, Any]:
        """As the outbox keeps it."""
        names = ("labels", "annotations", "starts_at", "ends_at", "generator_url")
        alerts = [{name: getattr(alert, name) for name in names} for alert in self.alerts]
        return {
            "receiver": self.receiver,
            "group_key": self.group_key,
            "group_labels": self.group_labels,
            "alerts": alerts,
            "at": self.at,
        }

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        """What the outbox kept."""
        alerts = tuple(Alert(**each) for each in given["alerts"])
        only, refused = tuple(given.get("only", ())), given.get("refused", "")
        return cls(given["receiver"], given["group_key"], given["group_labels"], alerts, given["at"], only, refused)

    def data(self, external_url: str) -> templates.Data:
        """What templates see of it."""
        # Alertmanager hands the name on as it would stand in a regular expression.
        receiver = re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", self.receiver)
        return templates.data(receiver, self.group_labels, [self._seen(each) for each in self.alerts], external_url)

    def _seen(self, alert: Alert) -> templates.Alert:
        over = alert.is_resolved(self.at)
        return templates.Alert(
            status="resolved" if over else "firing",
            labels=KV(alert.labels),
            annotations=KV(alert.annotations),
            starts_at=_instant(alert.starts_at),
            ends_at=_instant(alert.ends_at) if over and alert.ends_at is not None else _NEVER,
            generator_url=alert.generator_url,
            fingerprint=alert.fingerprint,
        )


def _instant(milliseconds: int) -> datetime:
    return _START + timedelta(milliseconds=milliseconds)
