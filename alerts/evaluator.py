"""Judges the rules: each group at its interval, its rules one after the other at the same instant."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from alerts.annotations import Expand, unfilled
from alerts.promql import Limits, Memo, Scalar, Vector, instant, parse
from alerts.promql.calls import Value
from alerts.rules import Group, Rule, RuleFile
from alerts.states import ALERT_SERIES, Alert, Fingerprint, RuleAlerts, fingerprint
from alerts.templates import Expanded, Query
from data.samples.model import STALE, Labels, Samples
from monitoring.tracing import create_span, finished_span, mark_failed

log = logging.getLogger(__name__)

#: A rule whose query takes longer fails; its templates stay unfilled then. The others are judged in time.
_LONGEST_SECONDS = 5.0
_DAY = 86_400_000


class Store(Samples, Protocol):
    """Samples that results can be added to."""

    def append(self, at_ms: int, samples: Iterable[tuple[Labels, float]]) -> None:
        """Add results at an instant; STALE ends a series."""


#: Series and the value of each at an instant.
Found = tuple[Sequence[Labels], Sequence[float]]


@dataclass(slots=True)
class RuleState:
    """A rule, its alerts, and how its last evaluation went (`error` is empty if well).

    template_error: which label or annotation could not be filled in, and why; the alert goes on with that as its text.
    """

    rule: Rule
    alerts: RuleAlerts
    error: str = ""
    template_error: str = ""
    evaluated_at: int | None = None
    seconds: float = 0.0
    _recorded: dict[Fingerprint, Labels] = field(default_factory=dict)
    #: What the expression gave and what became of it: the same objects as long as no series comes or goes.
    _given: Sequence[Labels] = ()
    _results: Sequence[Labels] = ()
    _stored: Sequence[Labels] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the series that it records."""
        return (self.rule.record,) if self.rule.record else ALERT_SERIES

    def evaluate(self, group: Group, store: Store, at: int, expand: Expand, memo: Memo[Value] | None = None) -> None:
        """Judge it as of an instant and store what it gives; an error costs this rule its turn, nothing else."""
        started = time.perf_counter()
        deadline = started + _LONGEST_SECONDS
        limits = Limits(stop=lambda: time.perf_counter() > deadline)

        def asked(text: str) -> Iterable[tuple[Labels, float]]:
            return zip(*_found(instant(parse(text), store, at, limits)), strict=True)

        def in_time(text: str, labels: Labels, value: float, query: Query | None = asked) -> Expanded:
            if "{{" in text and time.perf_counter() > deadline:
                return unfilled(f"no time was left in the {_LONGEST_SECONDS:g} s of the rule")
            return expand(text, labels, value, query)

        try:
            result = instant(self.rule.query, store, at - group.query_offset, limits, memo)
            self._store(store, at, *self.take(group, _found(result), at, in_time))
            self.error = ""
        except Exception as error:  # noqa: BLE001 - the next rule is judged whatever this one does
            if str(error) != self.error:
                log.warning("%s could not be judged: %s", self._told(group), error)
            self.error = str(error) or type(error).__name__
            mark_failed(error)
        self.evaluated_at, self.seconds = at, time.perf_counter() - started
        finished_span(f"rule {self.rule.name}", self.seconds, {"series": len(self._recorded)})

    def go_on_from(self, earlier: RuleState) -> None:
        """Keep the alerts and series of the same rule in the file before."""
        self.alerts.alerts, self._recorded = earlier.alerts.alerts, earlier._recorded
        self.error, self.template_error = earlier.error, earlier.template_error
        self.evaluated_at, self.seconds = earlier.evaluated_at, earlier.seconds

    def take(self, group: Group, found: Found, at: int, expand: Expand) -> Found:
        """Take in what the expression gave at an instant; the samples that come of it. ValueError if it can't be so."""
        given, values = found
        if self.rule.record:
            if given is not self._given:
                self._results, self._given = self._named(group, given), given
            return self._results, values
        failed: dict[str, str] = {}
        alerts = [_alert(self.rule, group, *each, at, expand, failed) for each in zip(given, values, strict=True)]
        self._note(group, "; ".join(f"the template of {name} failed: {why}" for name, why in failed.items()))
        self.alerts.advance(alerts, at, group.limit)
        series = list(self.alerts.series())
        return [labels for labels, _ in series], [value for _, value in series]

    def _note(self, group: Group, template_error: str) -> None:
        if template_error and template_error != self.template_error:
            log.warning("an alert of %s: %s", self._told(group), template_error)
        self.template_error = template_error

    def _told(self, group: Group) -> str:
        return f"the rule {self.rule.name} of group {group.name} ({self.rule.place})"

    def _named(self, group: Group, given: Sequence[Labels]) -> Sequence[Labels]:
        own = {**group.labels, **self.rule.labels, "__name__": self.rule.name}
        found = [{name: text for name, text in {**labels, **own}.items() if text} for labels in given]
        if len({fingerprint(labels) for labels in found}) < len(found):
            raise ValueError("vector contains metrics with the same labelset after applying rule labels")
        if 0 < group.limit < len(found):
            raise ValueError(f"exceeded limit of {group.limit} with {len(found)} series")
        return found

    def _store(self, store: Store, at: int, labels: Sequence[Labels], values: Sequence[float]) -> None:
        samples = list(zip(labels, values, strict=True))
        if labels is not self._stored:
            now = {fingerprint(each): each for each in labels}
            samples += [(each, float(STALE)) for key, each in self._recorded.items() if key not in now]
            self._recorded, self._stored = now, labels
        if samples:
            store.append(at, samples)


def _found(result: object) -> Found:
    if isinstance(result, Vector):
        return result.labels, result.values.tolist()
    if isinstance(result, Scalar):
        return [{}], [result.value]
    raise ValueError("the expression gives neither a vector nor a number")


def _alert(
    rule: Rule, group: Group, labels: Labels, value: float, at: int, expand: Expand, failed: dict[str, str]
) -> Alert:
    """An alert with its texts filled in; `failed` takes in which of them could not be, and why."""

    def texts(what: str, templates: Mapping[str, str]) -> dict[str, str]:
        made = {name: expand(text, labels, value) for name, text in templates.items()}
        failed.update({f"{what} {name}": each.error for name, each in made.items() if each.error})
        return {name: each.text for name, each in made.items()}

    own = {name: text for name, text in labels.items() if name != "__name__"}
    named = own | texts("label", {**group.labels, **rule.labels}) | {"alertname": rule.name}
    annotations = texts("annotation", rule.annotations)
    return Alert({name: text for name, text in named.items() if text}, annotations, value, at)


def states_of(group: Group) -> list[RuleState]:
    """The rules of a group at their beginning; the second one of a name is keyed name/2, and so on."""
    seen: Counter[str] = Counter()
    states = []
    for rule in group.rules:
        seen[rule.name] += 1
        key = rule.name if seen[rule.name] == 1 else f"{rule.name}/{seen[rule.name]}"
        states.append(RuleState(rule, RuleAlerts(rule, key)))
    return states


def _turn(group: Group, now: int, offset: int) -> int:
    """The instant of the group's turn that came last."""
    return now - (now - offset) % group.interval


class Evaluator:
    """All groups of a rule file over one store."""

    def __init__(self, rules: RuleFile, store: Store, expand: Expand) -> None:
        self._store, self._expand = store, expand
        self._turns: dict[str, int] = {}
        self.groups = {group.name: (group, states_of(group)) for group in rules.groups}
        every = [state for _, states in self.groups.values() for state in states]
        self._memo = Memo[Value]({name for state in every for name in state.names})

    def until_next(self, now: int, offset: int = 0) -> int:
        """Milliseconds until the next turn of a group; a day where there is none."""
        return min(
            (group.interval - (now - offset) % group.interval for group, _ in self.groups.values()), default=_DAY
        )

    def begin(self, now: int, offset: int = 0) -> None:
        """The first turns are those to come, as in Prometheus: of an instant before there may be no samples yet."""
        for group, _ in self.groups.values():
            self._turns[group.name] = _turn(group, now, offset)

    def take_over(self, earlier: Evaluator) -> None:
        """Go on with the alerts and recorded series of rules that were there before under the same keys."""
        self._turns = earlier._turns
        before = {(name, s.alerts.key): s for name, (_, states) in earlier.groups.items() for s in states}
        for name, (_, states) in self.groups.items():
            for state in states:
                if known := before.get((name, state.alerts.key)):
                    state.go_on_from(known)

    def evaluate(
        self, now: int, *, alerts: bool = True, offset: int = 0
    ) -> Iterator[tuple[int, Group, list[RuleState], float]]:
        """Judge the groups whose turn has come (milliseconds): instant, group, states and seconds of each.

        Turns are multiples of a group's interval, `offset` later, and none comes twice. Without `alerts` series are
        recorded only.
        """
        self._memo.forget()
        for group, states in self.groups.values():
            at = _turn(group, now, offset)
            if self._turns.get(group.name) == at:
                continue
            self._turns[group.name] = at
            started = time.perf_counter()
            with create_span(f"rule group {group.name}", {"rules": len(states)}):
                for state in states:
                    if alerts or state.rule.record:
                        state.evaluate(group, self._store, at, self._expand, self._memo)
                        for name in state.names:
                            self._memo.changed(name)
            yield at, group, states, time.perf_counter() - started
