"""Every alert with all that is known of it: its state, who took note, what mutes it, and who is told of it when."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from alerts import outside, states
from alerts.dispatch import store
from alerts.dispatch.alert import Alert
from alerts.dispatch.config import Config
from alerts.dispatch.inhibit import Inhibition
from alerts.dispatch.route import Route, tree
from alerts.dispatch.silence import Silence, SilenceState
from alerts.dispatch.store import Acknowledgement
from alerts.notifier import Notifier
from alerts.outside import Origin, OutsideAlert
from alerts.receivers import unready
from alerts.record import short
from alerts.rules import Group, Rule
from alerts.running import Rules
from alerts.states import RESOLVED_KEPT_MS, State
from data.record import Record, RecordUnavailable
from data.samples.model import Labels

log = logging.getLogger(__name__)

Result = TypeVar("Result")
Standing = Literal["firing", "pending", "resolved"]
_STANDING: dict[State, Standing] = {
    State.FIRING: "firing",
    State.PENDING: "pending",
    State.INACTIVE: "resolved",
}
#: Worst first.
_ORDER: dict[Standing, int] = {"firing": 0, "pending": 1, "resolved": 2}
_SEVERITIES = {"critical": 0, "warning": 1}
#: Severities that mean no trouble; `none` has the alert that always fires, so that its silence is noticed.
_HARMLESS = ("none", "info")


@dataclass(frozen=True)
class BoardAlert:
    """An alert as it stands; instants in milliseconds, None = not (yet), `value` None = not told.

    rule and group are those of this process' own rules, `origin` names the sender of all others; ends_at: when those
    are over unless told of again. receivers: who is told of it by the routes; next_at: when, None if nobody will be.
    """

    labels: Labels
    annotations: Mapping[str, str]
    state: Standing
    active_at: int
    fired_at: int | None
    resolved_at: int | None
    value: float | None = None
    rule: Rule | None = None
    group: Group | None = None
    origin: Origin | None = None
    generator_url: str = ""
    updated_at: int = 0
    ends_at: int | None = None
    acknowledged: Acknowledgement | None = None
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()
    receivers: tuple[str, ...] = ()
    next_at: int | None = None

    @cached_property
    def fingerprint(self) -> str:
        """Equal for equal label sets."""
        return short(self.labels)

    @property
    def name(self) -> str:
        """The name of its rule."""
        return self.labels.get("alertname", "")

    @property
    def severity(self) -> str:
        """Its label of this name."""
        return self.labels.get("severity", "")

    @property
    def is_trouble(self) -> bool:
        """Whether it fires and means that something is wrong."""
        return self.state == "firing" and self.severity not in _HARMLESS and self.name != "Watchdog"

    @property
    def since(self) -> int:
        """Since when it is in its state."""
        at = {"firing": self.fired_at, "pending": self.active_at, "resolved": self.resolved_at}[self.state]
        return self.active_at if at is None else at

    def sorting(self) -> tuple[object, ...]:
        """Firing first, the worst first, those nobody took note of first, then the newest."""
        taken = self.acknowledged is not None or bool(self.silenced_by)
        return (_ORDER[self.state], _SEVERITIES.get(self.severity, 2), taken, -self.since, self.fingerprint)


class NotAcknowledgeable(ValueError):
    """The alert is over: there is nothing left to take note of."""


@dataclass(frozen=True, slots=True)
class _Notes:
    """What is stored about alerts."""

    silences: Sequence[Silence] = ()
    acknowledgements: Mapping[tuple[str, int], Acknowledgement] = field(default_factory=dict)
    outside: Sequence[OutsideAlert] = ()


class Board:
    """Reads states from the rules, everything else from the record; while that is away, what it said last.

    elsewhere: alerts that a real Prometheus judges, some by rules that are not known here.
    """

    def __init__(
        self,
        record: Record,
        rules: Rules,
        notifier: Notifier,
        elsewhere: Callable[[], Iterable[states.Alert]] = tuple,
    ) -> None:
        self._record, self._rules, self._notifier, self._elsewhere = record, rules, notifier, elsewhere
        self._notes = _Notes()
        self._routes: tuple[Config, Route] | None = None
        self._lock = threading.Lock()
        #: Rises with every change that is made here, so that nobody is shown what was before his own change.
        self.revision = 0

    @property
    def config(self) -> Config:
        """The configuration of routes in force."""
        return self._notifier.config

    def alerts(self, now: int) -> list[BoardAlert]:
        """All alerts that are pending or firing, or were firing until a while ago."""
        notes = self._read()
        found: dict[str, BoardAlert] = {}
        for alert in sorted(self._standing(notes, now), key=BoardAlert.sorting, reverse=True):
            found[alert.fingerprint] = alert  # of equal ones the worst is kept
        firing = [_told(alert) for alert in found.values() if alert.state == "firing" and _is_routed(alert)]
        inhibition = Inhibition(self.config.inhibit_rules, firing, now)
        known = [self._with_notes(alert, notes, inhibition, now) for alert in found.values()]
        due = self._due(now)
        known = [replace(alert, next_at=due.get(alert.fingerprint)) for alert in known]
        return sorted(known, key=BoardAlert.sorting)

    def alert(self, fingerprint: str, now: int) -> BoardAlert:
        """The alert with this fingerprint; KeyError."""
        return {alert.fingerprint: alert for alert in self.alerts(now)}[fingerprint]

    def acknowledge(self, fingerprint: str, who: str, comment: str, now: int) -> None:
        """Somebody takes note of an alert; KeyError if there is none, NotAcknowledgeable if it is over."""
        alert = self.alert(fingerprint, now)
        if alert.state == "resolved":
            raise NotAcknowledgeable(fingerprint)
        note = Acknowledgement(fingerprint, alert.active_at, who, comment, now)
        self._write(lambda connection: store.acknowledge(connection, note))

    def unacknowledge(self, fingerprint: str, now: int) -> bool:
        """Take the note back; whether there was one. KeyError if there is no such alert."""
        alert = self.alert(fingerprint, now)
        return self._write(lambda connection: store.unacknowledge(connection, fingerprint, alert.active_at))

    def silences(self) -> list[Silence]:
        """Every silence that is kept, the latest to end first."""
        with self._record.read() as connection:
            return store.all_silences(connection)

    def set_silence(self, silence: Silence, now: int) -> Silence:
        """Store a silence; BadSilence, KeyError if there is none with its id."""
        return self._write(lambda connection: store.set_silence(connection, silence, now))

    def expire_silence(self, silence_id: str, now: int) -> None:
        """End a silence; BadSilence if it is over, KeyError if there is none with this id."""
        self._write(lambda connection: store.expire_silence(connection, silence_id, now))

    def take(self, told: Iterable[OutsideAlert], now: int) -> None:
        """Store alerts that others judged."""
        given = list(told)
        self._write(lambda connection: outside.take(connection, given, now))

    def route(self) -> Route:
        """The root of the routes in force."""
        config = self.config
        if self._routes is None or self._routes[0] is not config:
            self._routes = config, tree(config.route)
        return self._routes[1]

    def _write(self, change: Callable[[Connection], Result]) -> Result:
        """One change at a time; where another instance wrote the same rows at that moment, on what it left."""
        with self._lock:
            try:
                with self._record.write() as connection:
                    result = change(connection)
            except IntegrityError:
                with self._record.write() as connection:
                    result = change(connection)
            self.revision += 1
        return result

    def _read(self) -> _Notes:
        try:
            with self._record.read() as connection:
                self._notes = _Notes(
                    store.all_silences(connection), store.all_acknowledgements(connection), outside.load(connection)
                )
        except RecordUnavailable as error:
            log.debug("silences and acknowledgements are those read last: %s", error)
        return self._notes

    def _due(self, now: int) -> dict[str, int]:
        """When somebody is told next of each alert (fingerprint) that somebody will be told of."""
        try:
            groups = self._notifier.groups()
        except RecordUnavailable:
            return {}
        found: dict[str, int] = {}
        for group in groups:
            if group.is_muted or all(unready(way) for way in self.config.integrations(group.receiver)):
                continue
            for alert in group.alerts:
                key = alert.fingerprint
                if group.silenced_by[key] or group.inhibited_by[key] or alert.is_resolved(now):
                    continue
                at = min(group.repeats_at.values()) if key in group.told else group.next_at
                found[key] = min(at, found.get(key, at))
        return found

    def _standing(self, notes: _Notes, now: int) -> Iterator[BoardAlert]:
        known = set()
        for group, rules in self._rules.groups:
            for state in rules:
                # A copy, made in one go: the rules' thread goes on meanwhile.
                for alert in list(state.alerts.alerts.values()):
                    known.add(alert.fingerprint)
                    yield _own(alert, state.rule, group, state.evaluated_at or 0)
        for alert in self._elsewhere():
            if alert.fingerprint not in known:
                yield _remote(alert)
        for told in notes.outside:
            if now - (told.resolved_at(now) or now) <= RESOLVED_KEPT_MS:
                yield _outside(told, now)

    def _with_notes(self, alert: BoardAlert, notes: _Notes, inhibition: Inhibition, now: int) -> BoardAlert:
        alert = replace(alert, acknowledged=notes.acknowledgements.get((alert.fingerprint, alert.active_at)))
        if alert.state != "firing" or not _is_routed(alert):
            return alert
        return replace(
            alert,
            silenced_by=tuple(each.id for each in notes.silences if each.silences(alert.labels, now)),
            inhibited_by=tuple(dict.fromkeys(inhibition.muting(alert.labels))),
            receivers=tuple(dict.fromkeys(route.receiver for route in self.route().match(alert.labels))),
        )


def order_of_silences(silences: Iterable[Silence], now: int) -> list[Silence]:
    """Active ones by their end, pending ones by their start, expired ones by their end, the latest first."""

    def key(silence: Silence) -> tuple[int, int, str]:
        match silence.state(now):
            case SilenceState.ACTIVE:
                return 0, silence.ends_at, silence.id
            case SilenceState.PENDING:
                return 1, silence.starts_at, silence.id
            case SilenceState.EXPIRED:
                return 2, -silence.ends_at, silence.id

    return sorted(silences, key=key)


def _is_routed(alert: BoardAlert) -> bool:
    """Whether receivers are told of it from here: an Alertmanager has told its own already."""
    return alert.origin is not Origin.ALERTMANAGER


def _told(alert: BoardAlert) -> Alert:
    return Alert(alert.labels, alert.annotations, alert.fired_at or alert.active_at)


def _own(alert: states.Alert, rule: Rule, group: Group, evaluated_at: int) -> BoardAlert:
    return BoardAlert(
        dict(alert.labels), dict(alert.annotations), _STANDING[alert.state], alert.active_at, alert.fired_at,
        alert.resolved_at, value=alert.value, rule=rule, group=group, updated_at=evaluated_at,
    )  # fmt: skip


def _remote(alert: states.Alert) -> BoardAlert:
    return BoardAlert(
        dict(alert.labels), dict(alert.annotations), _STANDING[alert.state], alert.active_at, alert.fired_at,
        alert.resolved_at, value=alert.value, origin=Origin.PROMETHEUS,
    )  # fmt: skip


def _outside(told: OutsideAlert, now: int) -> BoardAlert:
    over = told.resolved_at(now)
    return BoardAlert(
        told.labels, told.annotations, "firing" if over is None else "resolved", told.starts_at, told.starts_at, over,
        origin=told.origin, generator_url=told.generator_url, updated_at=told.told_at, ends_at=told.ends_at,
    )  # fmt: skip
