"""Alert states in the record: they outlive a restart, and every change of one is a row of the history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import orjson
from sqlalchemy import Connection, and_, delete, insert, or_, select

from alerts.states import RESOLVED_KEPT_MS, Alert, Fingerprint, State
from data.lease import Lease
from data.models import alert_transitions
from data.models import alerts as alerts_table
from data.record import Record
from data.samples.model import Labels

_FNV_OFFSET, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3

#: Group, rule and label set.
Key = tuple[str, str, Fingerprint]


def short(labels: Labels) -> str:
    """The fingerprint that Alertmanager gives a label set: FNV-1a (64 bit) of its sorted names and values, in hex."""
    digest = _FNV_OFFSET
    for name in sorted(labels):
        # 0xff is no byte of any UTF-8 text.
        for byte in b"\xff".join((name.encode(), labels[name].encode(), b"")):
            digest = (digest ^ byte) * _FNV_PRIME & 0xFFFFFFFFFFFFFFFF
    return f"{digest:016x}"


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of an alert's state at an instant (milliseconds)."""

    at: int
    rule_group: str
    rule: str
    alert: Alert
    before: State


def stored_alerts(connection: Connection) -> list[Alert]:
    """All alerts as they were stored last."""
    return [_alert(row) for row in connection.execute(select(alerts_table)).mappings()]


class Judged(Protocol):
    """A rule with its alerts; `key` tells it from the others of its group."""

    key: str
    alerts: dict[Fingerprint, Alert]


class AlertRecord:
    """What of the alerts is stored; one evaluator uses it, and only while it holds the lease."""

    def __init__(self, record: Record, lease: Lease | None = None) -> None:
        self._record, self._lease = record, lease
        self._stored: dict[Key, Alert] = {}

    @property
    def groups(self) -> set[str]:
        """The groups of rules that have alerts stored."""
        return {group for group, _, _ in self._stored}

    def load(self) -> dict[tuple[str, str], dict[Fingerprint, Alert]]:
        """The alerts as they were stored last, by group and rule."""
        with self._record.read() as connection:
            rows = connection.execute(select(alerts_table)).mappings().all()
        found: dict[tuple[str, str], dict[Fingerprint, Alert]] = {}
        self._stored = {}
        for row in rows:
            alert = _alert(row)
            self._stored[row["rule_group"], row["rule"], alert.fingerprint] = replace(alert)
            found.setdefault((row["rule_group"], row["rule"]), {})[alert.fingerprint] = alert
        return found

    def save(self, at: int, group: str, rules: Iterable[Judged]) -> list[Transition]:
        """Store what changed in a group since the last time, with its history, in one transaction; LeaseLost."""
        now: dict[Key, Alert] = {(group, rule.key, key): alert for rule in rules for key, alert in rule.alerts.items()}
        before = {key: alert for key, alert in self._stored.items() if key[0] == group}
        now |= {key: left for key, alert in before.items() if key not in now and (left := _left(alert, at))}
        changed = {key: alert for key, alert in now.items() if _state(before.get(key)) != _state(alert)}
        gone = before.keys() - now.keys()
        if not changed and not gone:
            return []
        moves = [_transition(at, key, alert, before.get(key)) for key, alert in changed.items()]
        # One that was never firing just ends.
        moves += [
            Transition(
                at, key[0], key[1], replace(before[key], state=State.INACTIVE, resolved_at=at), before[key].state
            )
            for key in gone
            if before[key].state is not State.INACTIVE
        ]
        with self._record.write() as connection:
            if self._lease is not None:
                self._lease.confirm(connection)
            if ended := [_is(key, before[key]) for key in before if key in changed or key in gone]:
                connection.execute(delete(alerts_table).where(or_(*ended)))
            if changed:
                connection.execute(insert(alerts_table), [_row(key, alert) for key, alert in changed.items()])
            if moves:
                connection.execute(insert(alert_transitions), [_history(move) for move in moves])
        for key in gone:
            del self._stored[key]
        self._stored |= {key: replace(alert) for key, alert in changed.items()}
        return moves


def _left(alert: Alert, at: int) -> Alert | None:
    """What stays of an alert that its rule does not know any more: its end, which has to be told of."""
    if alert.state is State.FIRING:
        return replace(alert, state=State.INACTIVE, resolved_at=at)
    if alert.resolved_at is not None and at - alert.resolved_at <= RESOLVED_KEPT_MS:
        return alert
    return None


def _state(alert: Alert | None) -> tuple[Any, ...] | None:
    return None if alert is None else (alert.state, alert.active_at, alert.keep_firing_since)


def _transition(at: int, key: Key, alert: Alert, before: Alert | None) -> Transition:
    return Transition(at, key[0], key[1], replace(alert), before.state if before else State.INACTIVE)


def _is(key: Key, alert: Alert) -> Any:
    c = alerts_table.c
    return and_(c.rule_group == key[0], c.rule == key[1], c.fingerprint == short(alert.labels))


def _texts(alert: Alert) -> dict[str, str]:
    return {
        "fingerprint": short(alert.labels),
        "labels": orjson.dumps(dict(alert.labels)).decode(),
        "annotations": orjson.dumps(dict(alert.annotations)).decode(),
    }


def _row(key: Key, alert: Alert) -> dict[str, Any]:
    return asdict(alert) | {"rule_group": key[0], "rule": key[1], "state": alert.state.value} | _texts(alert)


def _history(move: Transition) -> dict[str, Any]:
    states = {"before": move.before.value, "after": move.alert.state.value}
    return (
        {"at": move.at, "rule_group": move.rule_group, "rule": move.rule, "value": move.alert.value}
        | states
        | _texts(move.alert)
    )


def _alert(row: Mapping[Any, Any]) -> Alert:
    times = {name: row[name] for name in ("active_at", "fired_at", "resolved_at", "keep_firing_since")}
    labels, annotations = orjson.loads(row["labels"]), orjson.loads(row["annotations"])
    return Alert(labels, annotations, row["value"], state=State(row["state"]), **times)
