"""What alerts did: each time that one fired, when somebody took note and when it ended, and the means by rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson
from sqlalchemy import RowMapping, select

from alerts import outside
from alerts.dispatch.store import Acknowledgement, all_acknowledgements
from alerts.states import State
from data.models import alert_transitions
from data.record import Record
from data.samples.model import Labels

#: More changes of a range are not read: its newest are.
_MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Incident:
    """An alert from firing to its end; instants in milliseconds, None = still firing or not acknowledged.

    active_at: when it was pending first, as far as that is within the range that was read.
    """

    id: int
    fingerprint: str
    labels: Labels
    annotations: Mapping[str, str]
    value: float
    rule_group: str
    active_at: int
    fired_at: int
    resolved_at: int | None = None
    acknowledged: Acknowledgement | None = None

    @property
    def name(self) -> str:
        """The name of its rule."""
        return self.labels.get("alertname", "")

    @property
    def severity(self) -> str:
        """Its label of this name."""
        return self.labels.get("severity", "")

    @property
    def ms_to_acknowledge(self) -> int | None:
        """From firing to the acknowledgement; 0 for one that came while it was pending."""
        return None if self.acknowledged is None else max(0, self.acknowledged.at - self.fired_at)

    @property
    def ms_to_resolve(self) -> int | None:
        """From firing to its end."""
        return None if self.resolved_at is None else self.resolved_at - self.fired_at


@dataclass(frozen=True, slots=True)
class RuleHistory:
    """The incidents of one rule in a range; means in milliseconds, None = nothing to average."""

    name: str
    severity: str
    fired: int
    acknowledged: int
    mtta: float | None
    mttr: float | None
    firing_ms: int


@dataclass(frozen=True, slots=True)
class Event:
    """An alert began to fire, or ended; `at` in milliseconds."""

    id: int
    at: int
    fingerprint: str
    labels: Labels
    annotations: Mapping[str, str]
    resolved: bool


def incidents(record: Record, start: int, end: int, now: int) -> list[Incident]:
    """What began to fire in [start, end), newest first; alerts that always fire are left out."""
    c = alert_transitions.c
    query = select(alert_transitions).where(c.at >= start, c.before != c.after).order_by(c.at.desc(), c.id.desc())
    with record.read() as connection:
        rows = connection.execute(query.limit(_MOST_ROWS)).mappings().all()
        notes = all_acknowledgements(connection)
        ends = {(each.origin.value, each.fingerprint): each.resolved_at(now) for each in outside.load(connection)}
    by_alert: dict[str, list[Acknowledgement]] = defaultdict(list)
    for note in notes.values():
        by_alert[note.fingerprint].append(note)
    found = [each for each in _paired(reversed(rows), ends) if each.fired_at < end and each.severity != "none"]
    return [_with_note(each, by_alert[each.fingerprint]) for each in sorted(found, key=lambda e: (-e.fired_at, -e.id))]


def events(record: Record, start: int, end: int, limit: int) -> list[Event]:
    """The newest of what began to fire or ended in [start, end), newest first."""
    c = alert_transitions.c
    fires = (c.after == State.FIRING.value) & (c.before != State.FIRING.value)
    ends = (c.before == State.FIRING.value) & (c.after == State.INACTIVE.value)
    query = select(alert_transitions).where(c.at >= start, c.at < end, fires | ends)
    query = query.where(c.labels.not_like('%"severity":"none"%')).order_by(c.at.desc(), c.id.desc()).limit(limit)
    with record.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        Event(row["id"], row["at"], row["fingerprint"], *_texts(row), row["after"] == State.INACTIVE.value)
        for row in rows
    ]


def by_rule(found: Sequence[Incident], now: int) -> list[RuleHistory]:
    """The incidents by the names of their rules, those with most first."""
    groups: dict[str, list[Incident]] = defaultdict(list)
    for each in found:
        groups[each.name].append(each)
    rows = [_summary(name, group, now) for name, group in groups.items()]
    return sorted(rows, key=lambda row: (-row.fired, row.name))


def mean(values: Iterable[int | None]) -> float | None:
    """The mean of those that are known; None without any."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _summary(name: str, group: Sequence[Incident], now: int) -> RuleHistory:
    return RuleHistory(
        name,
        group[0].severity,
        len(group),
        sum(each.acknowledged is not None for each in group),
        mean(each.ms_to_acknowledge for each in group),
        mean(each.ms_to_resolve for each in group),
        sum((now if each.resolved_at is None else each.resolved_at) - each.fired_at for each in group),
    )


def _paired(rows: Iterable[RowMapping], ends: Mapping[tuple[str, str], int | None]) -> list[Incident]:
    """Beginnings with their ends, of changes in the order of time."""
    pending: dict[tuple[str, str, str], int] = {}
    running: dict[tuple[str, str, str], Incident] = {}
    found: list[Incident] = []
    for row in rows:
        key, at = (row["rule_group"], row["rule"], row["fingerprint"]), row["at"]
        if row["after"] != State.PENDING.value and key in running:
            # One that fires again without an end in between is another one.
            found.append(_ended(running.pop(key), at if row["after"] == State.INACTIVE.value else None))
        if row["after"] == State.PENDING.value:
            pending[key] = at
            continue
        active_at = pending.pop(key, at)
        if row["after"] == State.FIRING.value:
            running[key] = Incident(
                row["id"], row["fingerprint"], *_texts(row), row["value"], row["rule_group"], active_at, at
            )
    # Of the end of what others told nobody may have told yet.
    return found + [_ended(each, ends.get((each.rule_group, each.fingerprint))) for each in running.values()]


def _ended(incident: Incident, at: int | None) -> Incident:
    return incident if at is None else replace(incident, resolved_at=at)


def _with_note(incident: Incident, notes: Iterable[Acknowledgement]) -> Incident:
    """With the acknowledgement that was made while it was pending or fired."""
    end = incident.resolved_at
    for note in notes:
        within = incident.active_at <= note.at and (end is None or note.at <= end)
        if within and note.active_at <= incident.fired_at:
            return replace(incident, acknowledged=note)
    return incident


def _texts(row: RowMapping) -> tuple[dict[str, str], dict[str, str]]:
    return orjson.loads(row["labels"]), orjson.loads(row["annotations"])
