"""A POST of Alertmanager's JSON, version "4"."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from alerts.dispatch.receivers import WebhookConfig
from alerts.receivers import http
from alerts.receivers.message import Message
from alerts.templates import Data


def send(settings: WebhookConfig, message: Message, external_url: str) -> None:
    """Tell a webhook; raises SendError."""
    shown, truncated = message, 0
    if 0 < settings.max_alerts < len(message.alerts):
        truncated = len(message.alerts) - settings.max_alerts
    data = shown.data(external_url)
    body = payload(data, message.group_key, truncated)
    url = http.secret(settings.url, settings.url_file)
    http.post(url, orjson.dumps(body), settings.http_config, seconds=settings.timeout / 1000 or None)


def payload(data: Data, group_key: str, truncated: int = 0) -> dict[str, Any]:
    """The notification as JSON; the last `truncated` alerts are left out of its list."""
    alerts = data.alerts[: len(data.alerts) - truncated]
    return {
        "receiver": data.receiver,
        "status": data.status,
        "alerts": [
            {
                "status": alert.status,
                "labels": alert.labels,
                "annotations": alert.annotations,
                "startsAt": _time(alert.starts_at),
                "endsAt": _time(alert.ends_at),
                "generatorURL": alert.generator_url,
                "fingerprint": alert.fingerprint,
            }
            for alert in alerts
        ],
        "groupLabels": data.group_labels,
        "commonLabels": data.common_labels,
        "commonAnnotations": data.common_annotations,
        "externalURL": data.external_url,
        "version": "4",
        "groupKey": group_key,
        "truncatedAlerts": truncated,
    }


def _time(instant: datetime) -> str:
    """RFC 3339 as Go writes it: no trailing zeros of a second."""
    text = instant.strftime("%H:%M:%S") + f".{instant.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{instant.year:04d}-{instant.month:02d}-{instant.day:02d}T{text}Z"
