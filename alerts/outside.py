"""Alerts that others judged: what an Alertmanager's webhook or a Prometheus tells is stored, and is in the history.

Nobody tells of the end of an alert that is not repeated any more. It is over when its own end has passed; one without
an end, when it was not told of for longer than an Alertmanager remembers what it told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import orjson
from sqlalchemy import Connection, delete, insert, select, update

from alerts.record import short
from alerts.states import RESOLVED_KEPT_MS, Alert, State
from data.models import alert_transitions, outside_alerts
from data.samples.model import Labels

#: Alertmanager's default of --data.retention: no repeat can come later.
FORGOTTEN_MS = 120 * 3_600_000


class Origin(StrEnum):
    """Who told."""

    ALERTMANAGER = "alertmanager"
    PROMETHEUS = "prometheus"


@dataclass(frozen=True)
class OutsideAlert:
    """An alert as it was told; instants in milliseconds, `ends_at` None = no end is known."""

    origin: Origin
    labels: Labels
    annotations: Mapping[str, str]
    starts_at: int
    ends_at: int | None
    generator_url: str
    told_at: int

    @cached_property
    def fingerprint(self) -> str:
        """Equal for equal label sets."""
        return short(self.labels)

    def resolved_at(self, now: int) -> int | None:
        """When it ended; None while it fires."""
        end = self.told_at + FORGOTTEN_MS if self.ends_at is None else self.ends_at
        return end if end <= now else None


def load(connection: Connection) -> list[OutsideAlert]:
    """All that are kept: those that fire, and for a while those that are over."""
    return [_read(row) for row in connection.execute(select(outside_alerts)).mappings()]


def posted(connection: Connection) -> list[Alert]:
    """Those that the receivers here are told of: an Alertmanager tells its own."""
    rows = connection.execute(select(outside_alerts).where(outside_alerts.c.origin == Origin.PROMETHEUS.value))
    return [_as_ours(_read(row)) for row in rows.mappings()]


def take(connection: Connection, told: Iterable[OutsideAlert], now: int) -> None:
    """Store what was told, with the history of what changed by it."""
    rows = connection.execute(select(outside_alerts)).mappings().all()
    before = {(row["origin"], row["fingerprint"]): row for row in rows}
    given = {(alert.origin.value, alert.fingerprint): alert for alert in told}
    moves: list[dict[str, Any]] = []
    settled: list[tuple[str, str]] = []
    ended: list[tuple[str, str]] = []
    for key, row in before.items():
        known = _read(row)
        over = known.resolved_at(now)
        if over is not None and row["recorded"] == State.FIRING:
            moves.append(_move(known, over, State.FIRING, State.INACTIVE))
            settled.append(key)
        if over is not None and now - over > RESOLVED_KEPT_MS:
            ended.append(key)
    stored: list[dict[str, Any]] = []
    for key, alert in given.items():
        earlier = before.get(key)
        fired = earlier is not None and _read(earlier).resolved_at(now) is None
        over = alert.resolved_at(now)
        if over is None and not fired:
            moves.append(_move(alert, alert.starts_at, State.INACTIVE, State.FIRING))
        if over is not None and fired:
            moves.append(_move(alert, over, State.FIRING, State.INACTIVE))
        if over is None or earlier is not None:
            stored.append(_row(alert, State.FIRING if over is None else State.INACTIVE))
    c = outside_alerts.c
    for origin, fingerprint in settled:
        same = (c.origin == origin) & (c.fingerprint == fingerprint)
        connection.execute(update(outside_alerts).where(same).values(recorded=State.INACTIVE.value))
    for origin, fingerprint in {*ended, *((row["origin"], row["fingerprint"]) for row in stored)}:
        connection.execute(delete(outside_alerts).where(c.origin == origin, c.fingerprint == fingerprint))
    if stored:
        connection.execute(insert(outside_alerts), stored)
    if moves:
        connection.execute(insert(alert_transitions), moves)


def _as_ours(told: OutsideAlert) -> Alert:
    """As an alert of a rule; it is resolved once its end has passed."""
    begun, labels, annotations = told.starts_at, dict(told.labels), dict(told.annotations)
    return Alert(labels, annotations, 1.0, begun, State.FIRING, fired_at=begun, resolved_at=told.ends_at)


def _read(row: Mapping[Any, Any]) -> OutsideAlert:
    labels, annotations = orjson.loads(row["labels"]), orjson.loads(row["annotations"])
    return OutsideAlert(
        Origin(row["origin"]),
        labels,
        annotations,
        row["starts_at"],
        row["ends_at"],
        row["generator_url"],
        row["told_at"],
    )


def _row(alert: OutsideAlert, recorded: State) -> dict[str, Any]:
    names = ("starts_at", "ends_at", "generator_url", "told_at")
    return {name: getattr(alert, name) for name in names} | _texts(alert) | {
        "origin": alert.origin.value,
        "recorded": recorded.value,
    }  # fmt: skip


def _texts(alert: OutsideAlert) -> dict[str, str]:
    return {
        "fingerprint": alert.fingerprint,
        "labels": orjson.dumps(dict(alert.labels)).decode(),
        "annotations": orjson.dumps(dict(alert.annotations)).decode(),
    }


def _move(alert: OutsideAlert, at: int, before: State, after: State) -> dict[str, Any]:
    return _texts(alert) | {
        "at": at,
        "rule_group": alert.origin.value,
        "rule": alert.labels.get("alertname", "")[:200],
        "value": 1.0,
        "before": before.value,
        "after": after.value,
    }
