"""Silences, the log of notifications and acknowledgements in the record: they outlive a restart."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import Connection, delete, insert, select, update

from alerts.dispatch.dedup import LogEntry, NotificationLog
from alerts.dispatch.matchers import Matcher
from alerts.dispatch.schedule import Notification
from alerts.dispatch.silence import BadSilence, Silence, SilenceState, can_change, check, ended
from data.models import acknowledgements, notification_log, silences

#: How long a silence that is over can still be looked up.
EXPIRED_KEPT_MS = 5 * 86_400_000


def set_silence(connection: Connection, silence: Silence, now: int) -> Silence:
    """Store a new silence or an edited one (with its id); BadSilence, KeyError if there is none with this id.

    An edit that would change what was silenced ends the old one and gives the new one an id of its own.
    """
    check(silence, now)
    if silence.id:
        old = silence_of(connection, silence.id)
        if can_change(old, silence, now):
            changed = replace(silence, updated_at=now)
            _write(connection, changed)
            return changed
        if old.state(now) is not SilenceState.EXPIRED:
            _write(connection, ended(old, now))
    made = replace(silence, id=str(uuid.uuid4()), starts_at=max(silence.starts_at, now), updated_at=now)
    connection.execute(insert(silences).values(_row(made)))
    return made


def expire_silence(connection: Connection, silence_id: str, now: int) -> None:
    """End a silence at once; BadSilence if it is over, KeyError if there is none with this id."""
    _write(connection, ended(silence_of(connection, silence_id), now))


def silence_of(connection: Connection, silence_id: str) -> Silence:
    """The silence with this id; KeyError."""
    row = connection.execute(select(silences).where(silences.c.id == silence_id)).mappings().one_or_none()
    if row is None:
        raise KeyError(silence_id)
    return _silence(row)


def all_silences(connection: Connection) -> list[Silence]:
    """Every silence that is kept, the latest to end first."""
    query = select(silences).order_by(silences.c.ends_at.desc(), silences.c.id)
    return [_silence(row) for row in connection.execute(query).mappings()]


def log_notification(connection: Connection, notification: Notification) -> None:
    """Remember what an integration is told: in the transaction that puts it into the outbox."""
    integration, group_key, entry = notification.integration.key, notification.group_key, notification.entry
    digest = log_key(integration, group_key)
    row = {
        "digest": digest,
        "integration": integration,
        "group_key": group_key,
        "at": entry.at,
        "firing": orjson.dumps(sorted(entry.firing)).decode(),
        "resolved": orjson.dumps(sorted(entry.resolved)).decode(),
        "expires_at": notification.expires_at,
    }
    connection.execute(delete(notification_log).where(notification_log.c.digest == digest))
    connection.execute(insert(notification_log).values(row))


def forget_notification(connection: Connection, integration: str, group_key: str, at: int) -> None:
    """Forget what an integration was to be told at an instant, unless it was told of the group since."""
    c = notification_log.c
    same = (c.digest == log_key(integration, group_key)) & (c.at == at)
    connection.execute(delete(notification_log).where(same))


def log_key(integration: str, group_key: str) -> str:
    """A text of 64 characters, as the key of a group has no bound."""
    return hashlib.sha256(f"{integration}\0{group_key}".encode()).hexdigest()


def load_log(connection: Connection, now: int) -> NotificationLog:
    """What each integration was told last of each group."""
    rows = connection.execute(select(notification_log).where(notification_log.c.expires_at > now)).mappings()
    return {
        (row["integration"], row["group_key"]): LogEntry(
            row["at"], frozenset(orjson.loads(row["firing"])), frozenset(orjson.loads(row["resolved"]))
        )
        for row in rows
    }


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody took note of an alert that is active since `active_at` (milliseconds, as `at`)."""

    fingerprint: str
    active_at: int
    who: str
    comment: str
    at: int


def acknowledge(connection: Connection, note: Acknowledgement) -> None:
    """Store who took note; a later note takes the place of an earlier one."""
    c = acknowledgements.c
    same = (c.fingerprint == note.fingerprint) & (c.active_at == note.active_at)
    connection.execute(delete(acknowledgements).where(same))
    row = {name: getattr(note, name) for name in ("fingerprint", "active_at", "who", "comment", "at")}
    connection.execute(insert(acknowledgements).values(row))


def unacknowledge(connection: Connection, fingerprint: str, active_at: int) -> bool:
    """Take back that somebody took note; whether anybody had."""
    c = acknowledgements.c
    same = (c.fingerprint == fingerprint) & (c.active_at == active_at)
    return connection.execute(delete(acknowledgements).where(same)).rowcount > 0


def all_acknowledgements(connection: Connection) -> dict[tuple[str, int], Acknowledgement]:
    """Who took note of what, by fingerprint and start."""
    rows = connection.execute(select(acknowledgements)).mappings()
    return {(row["fingerprint"], row["active_at"]): Acknowledgement(**row) for row in rows}


def prune(connection: Connection, now: int) -> None:
    """Forget silences that were over long ago and what was told too long ago to matter."""
    connection.execute(delete(silences).where(silences.c.ends_at <= now - EXPIRED_KEPT_MS))
    connection.execute(delete(notification_log).where(notification_log.c.expires_at <= now))


def _write(connection: Connection, silence: Silence) -> None:
    changed = connection.execute(update(silences).where(silences.c.id == silence.id).values(_row(silence)))
    if changed.rowcount != 1:
        raise BadSilence(f"the silence {silence.id} is gone")


def _row(silence: Silence) -> dict[str, Any]:
    names = ("id", "starts_at", "ends_at", "created_by", "comment", "updated_at")
    triples = [[each.name, each.op, each.value] for each in silence.matchers]
    return {name: getattr(silence, name) for name in names} | {"matchers": orjson.dumps(triples).decode()}


def _silence(row: Mapping[Any, Any]) -> Silence:
    return Silence(**(dict(row) | {"matchers": tuple(Matcher(*each) for each in orjson.loads(row["matchers"]))}))
