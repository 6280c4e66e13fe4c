"""Unit tests of rules in promtool's format, judged by our own evaluator."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

from alerts.annotations import Expand
from alerts.config import ConfigError, Duration, Strict, Texts, read
from alerts.evaluator import Evaluator
from alerts.notation import series_labels, values
from alerts.promql import PromQLError, Scalar, Vector, instant, parse
from alerts.rules import Group, RuleFile, load_rules
from alerts.states import State
from data.samples.model import Block, Labels, Matcher, is_absent

_MINUTE_MS = 60_000


def _written(text: str) -> str:
    values(text)
    return text


def _series(text: str) -> str:
    series_labels(text)
    return text


class InputSeries(Strict):
    """A series and its values, one each interval."""

    series: Annotated[str, AfterValidator(_series)]
    values: Annotated[str, AfterValidator(_written)]


class ExpectedAlert(Strict):
    """A firing alert."""

    exp_labels: Texts = Field(default_factory=dict)
    exp_annotations: Texts = Field(default_factory=dict)


class AlertTest(Strict):
    """Which alerts of a name fire at a time."""

    eval_time: Duration
    alertname: str
    exp_alerts: list[ExpectedAlert] = Field(default_factory=list)


class ExpectedSample(Strict):
    """A series and its value."""

    labels: Annotated[str, AfterValidator(_series)]
    value: float


class QueryTest(Strict):
    """What a query gives at a time."""

    expr: str
    eval_time: Duration
    exp_samples: list[ExpectedSample] = Field(default_factory=list)


class Case(Strict):
    """Series, and what is to come of them."""

    name: str = ""
    interval: Duration = _MINUTE_MS
    input_series: list[InputSeries] = Field(default_factory=list)
    alert_rule_test: list[AlertTest] = Field(default_factory=list)
    promql_expr_test: list[QueryTest] = Field(default_factory=list)
    external_labels: Texts = Field(default_factory=dict)
    external_url: str = ""


class TestFile(Strict):
    """A file of tests."""

    __test__ = False  # pytest takes it for one of its own

    rule_files: list[str] = Field(default_factory=list)
    evaluation_interval: Duration = _MINUTE_MS
    group_eval_order: list[str] = Field(default_factory=list)
    fuzzy_compare: bool = False
    tests: list[Case] = Field(default_factory=list)


class Samples:
    """The samples of one case: what was written, and what the rules add. Instants count from 0."""

    def __init__(self, case: Case) -> None:
        self._series: dict[frozenset[tuple[str, str]], _Series] = {}
        for each in case.input_series:
            points = enumerate(values(each.values))
            self._add(series_labels(each.series), ((index * case.interval, value) for index, value in points))

    def append(self, at_ms: int, samples: Iterable[tuple[Labels, float]]) -> None:
        """Add results of rules."""
        for labels, value in samples:
            self._add(labels, [(at_ms, value)])

    def _add(self, labels: Labels, points: Iterable[tuple[int, float]]) -> None:
        series = self._series.setdefault(frozenset(labels.items()), _Series(labels))
        for at, value in points:
            if not is_absent(np.array([value]))[0]:
                series.times.append(at)
                series.values.append(value)

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> list[Block]:
        """As any store of samples."""
        chosen = (s for s in self._series.values() if all(m.matches(s.labels.get(m.name, "")) for m in matchers))
        return [block for series in chosen if (block := series.block(start, end)) is not None]


@dataclass(slots=True)
class _Series:
    """A series, oldest sample first."""

    labels: Labels
    times: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def block(self, start: int, end: int) -> Block | None:
        first, last = bisect_left(self.times, start), bisect_right(self.times, end)
        if first == last:
            return None
        return Block([self.labels], np.array(self.times[first:last]), np.array([self.values[first:last]]))


def run_tests(path: Path, expand: Expand) -> list[str]:
    """Run a file's tests; what went otherwise than expected, a line each. ConfigError if a file can't be used."""
    content = read(path, TestFile)
    files = [found for pattern in content.rule_files for found in _files(path, pattern)]
    groups = [group for file in files for group in load_rules(file).groups]
    order = {name: index for index, name in enumerate(content.group_eval_order)}
    groups.sort(key=lambda group: order.get(group.name, len(order)))
    failures = []
    for number, case in enumerate(content.tests):
        failures += [
            f"{case.name or f'test {number + 1}'}: {line}" for line in _failures(case, groups, content, expand)
        ]
    return failures


def _files(path: Path, pattern: str) -> list[Path]:
    found = sorted(path.parent.glob(pattern)) if not Path(pattern).is_absolute() else [Path(pattern)]
    if not found:
        raise ConfigError(f"{path}: rule_files: there is no file {pattern}")
    return found


def _failures(case: Case, groups: list[Group], content: TestFile, expand: Expand) -> Iterator[str]:
    samples = Samples(case)
    timed = [g.model_copy(update={"interval": content.evaluation_interval}) for g in groups]
    evaluator = Evaluator(RuleFile.model_construct(groups=timed), samples, expand)
    asked = sorted({test.eval_time for test in case.alert_rule_test})
    end = max([0, *asked, *(test.eval_time for test in case.promql_expr_test)])
    for at in range(0, end + 1, content.evaluation_interval):
        for _, group, states, _ in evaluator.evaluate(at):
            for state in states:
                if state.error:
                    yield f"at {at / 1000:g} s: rule {state.rule.name} of group {group.name}: {state.error}"
        for test in case.alert_rule_test:
            if at <= test.eval_time < at + content.evaluation_interval:
                yield from _wrong_alerts(test, evaluator)
    for query in case.promql_expr_test:
        yield from _wrong_samples(query, samples, 1e-9 if content.fuzzy_compare else 0.0)


def _wrong_alerts(test: AlertTest, evaluator: Evaluator) -> Iterator[str]:
    found = [
        (dict(alert.labels), dict(alert.annotations))
        for _, states in evaluator.groups.values()
        for state in states
        if state.rule.alert == test.alertname
        for alert in state.alerts.alerts.values()
        if alert.state is State.FIRING
    ]
    wanted = [({**e.exp_labels, "alertname": test.alertname}, e.exp_annotations) for e in test.exp_alerts]
    if sorted(map(_sortable, found)) != sorted(map(_sortable, wanted)):
        yield f"at {test.eval_time / 1000:g} s: {test.alertname}: expected {wanted}, got {found}"


def _sortable(pair: tuple[dict[str, str], dict[str, str]]) -> list[list[tuple[str, str]]]:
    return [sorted(texts.items()) for texts in pair]


def _wrong_samples(query: QueryTest, samples: Samples, tolerance: float) -> Iterator[str]:
    place = f"at {query.eval_time / 1000:g} s: {query.expr}"
    try:
        result = instant(parse(query.expr), samples, query.eval_time)
    except PromQLError as error:
        yield f"{place}: {error}"
        return
    found: dict[frozenset[tuple[str, str]], float] = {}
    match result:
        case Scalar(value):
            found[frozenset()] = value
        case Vector(labels, numbers):
            found = {frozenset(each.items()): v for each, v in zip(labels, numbers.tolist(), strict=True)}
    wanted = {frozenset(series_labels(e.labels).items()): e.value for e in query.exp_samples}
    if found.keys() != wanted.keys() or not all(_equal(found[key], value, tolerance) for key, value in wanted.items()):
        yield f"{place}: expected {_shown(wanted)}, got {_shown(found)}"


def _equal(a: float, b: float, tolerance: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=tolerance)


def _shown(series: dict[frozenset[tuple[str, str]], float]) -> str:
    return ", ".join(f"{dict(sorted(key))} {value:g}" for key, value in series.items()) or "nothing"
