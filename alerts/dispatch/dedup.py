"""Whether somebody is told now, or was told already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class LogEntry:
    """What an integration was told last of a group: when (milliseconds), and the alerts' fingerprints."""

    at: int
    firing: frozenset[str]
    resolved: frozenset[str]


#: By the integration's key and the group's key.
NotificationLog = Mapping[tuple[str, str], LogEntry]


class Reason(StrEnum):
    """Why a notification is due."""

    FIRST = "first"
    NEW_FIRING = "new_firing"
    ALL_RESOLVED = "all_resolved"
    NEW_RESOLVED = "new_resolved"
    REPEAT = "repeat"


def reason(
    last: LogEntry | None,
    firing: frozenset[str],
    resolved: frozenset[str],
    *,
    send_resolved: bool,
    repeat: int,
    at: int,
) -> Reason | None:
    """Why the integration is to be told at this instant; None if nothing is new to it. `repeat` in milliseconds."""
    if last is None:
        return Reason.FIRST if firing else None
    if not firing <= last.firing:
        return Reason.NEW_FIRING
    if not firing:
        # Whoever never heard of them need not hear that they are over. Without send_resolved it is logged, not sent.
        return Reason.ALL_RESOLVED if last.firing else None
    if send_resolved and not resolved <= last.resolved:
        return Reason.NEW_RESOLVED
    return Reason.REPEAT if at - last.at > repeat else None
