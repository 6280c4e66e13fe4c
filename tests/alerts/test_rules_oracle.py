"""Random rules judged minute by minute as a real Prometheus judges them: what is recorded, ALERTS, ALERTS_FOR_STATE.

An evaluator that is off by a little is told from Prometheus: each such fault is made here once and has to be found.
"""

from __future__ import annotations

import functools
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from alerts import evaluator
from alerts.annotations import expand
from alerts.evaluator import Evaluator, Store
from alerts.promql import Limits, Vector, instant, parse, ranges, selecting, windows
from alerts.rules import RuleFile
from alerts.states import RuleAlerts
from alerts.testfile import Case, InputSeries, Samples
from data.samples.store import SampleStore
from tests.alerts.oracle import Answer, answers, same
from tests.alerts.rule_scenarios import MINUTES, RuleScenario, rule_scenario

#: How many scenarios; RULE_SCENARIOS=50 for a quick look.
SCENARIOS = int(os.environ.get("RULE_SCENARIOS", "500"))
_QUERY = '{__name__=~"ALERTS|ALERTS_FOR_STATE|rec:.+"}'
_ASKED = parse(_QUERY)


def _text(number: int, minute: int) -> str:
    # A comment makes every query's text unique.
    return f"{_QUERY} # {number}.{minute}"


def prometheus(scenarios: Sequence[RuleScenario], folder: Path) -> dict[str, Answer]:
    """What Prometheus has of each scenario at each minute, by the text of the query that asked for it."""
    files = []
    for number, each in enumerate(scenarios):
        (folder / f"rules-{number}.yml").write_text(each.older, encoding="utf-8")
        asked = [
            {"expr": _text(number, minute), "eval_time": f"{minute}m", "exp_samples": []} for minute in range(MINUTES)
        ]
        series = [{"series": name, "values": values} for name, values in each.series.items()]
        test = {"interval": f"{each.step}ms", "input_series": series, "promql_expr_test": asked}
        # Without an order promtool draws one.
        content = {
            "rule_files": [f"rules-{number}.yml"],
            "evaluation_interval": "1m",
            "group_eval_order": ["first", "second"],
            "tests": [test],
        }
        files.append(folder / f"tests-{number}.yml")
        files[-1].write_text(yaml.safe_dump(content), encoding="utf-8")
    return answers([_text(n, minute) for n in range(len(scenarios)) for minute in range(MINUTES)], files)


def written(scenario: RuleScenario) -> Samples:
    """The samples that rules are judged over, all of them at once."""
    series = [InputSeries(series=name, values=values) for name, values in scenario.series.items()]
    return Samples(Case(interval=scenario.step, input_series=series))


def ours(
    scenario: RuleScenario, samples: Store | None = None, until: Callable[[int], object] = lambda at: None
) -> list[Answer]:
    """The same of our evaluator; `until` lets samples come in up to an instant before it judges."""
    samples = samples or written(scenario)
    rules = RuleFile.model_validate(yaml.load(scenario.rules, Loader=yaml.BaseLoader))
    timed = [group.model_copy(update={"interval": 60_000}) for group in rules.groups]
    judge = Evaluator(RuleFile(groups=timed), samples, expand)
    found: list[Answer] = []
    for minute in range(MINUTES):
        until(minute * 60_000)
        for _, _, states, _ in judge.evaluate(minute * 60_000):
            assert not any(state.error for state in states), scenario.rules
        answer = instant(_ASKED, samples, minute * 60_000)
        assert isinstance(answer, Vector)
        pairs = zip(answer.labels, answer.values.tolist(), strict=True)
        found.append({frozenset(labels.items()): value for labels, value in pairs})
    return found


def differences(scenarios: Sequence[RuleScenario], expected: dict[str, Answer]) -> Iterator[str]:
    """Where the two differ, told by the scenario's number and minute."""
    for number, each in enumerate(scenarios):
        for minute, answer in enumerate(ours(each)):
            wanted = expected[_text(number, minute)]
            if not same(wanted, answer):
                yield f"scenario {number}, minute {minute}\n  Prometheus: {wanted}\n  ours:       {answer}"
                break


@pytest.mark.slow
def test_the_store_of_a_server_gives_the_same_whatever_it_remembers_between_evaluations(tmp_path: Path) -> None:
    for scenario in map(rule_scenario, range(100)):
        store, coming = SampleStore(tmp_path / "samples.sqlite"), defaultdict(list)
        for block in written(scenario).select([], 0, MINUTES * 60_000):
            for at, value in zip(block.times.tolist(), block.values[0].tolist(), strict=True):
                coming[at].append((block.labels[0], value))

        def until(now: int, store: SampleStore = store, coming: dict[int, Any] = coming) -> None:
            for at in sorted(at for at in coming if at <= now):
                store.append(at, coming.pop(at))

        for expected, found in zip(ours(scenario), ours(scenario, store, until), strict=True):
            assert same(expected, found), scenario.rules


@pytest.mark.slow
def test_random_rules_are_judged_as_prometheus_judges_them(tmp_path: Path) -> None:
    scenarios = [rule_scenario(seed) for seed in range(SCENARIOS)]
    expected = prometheus(scenarios, tmp_path)
    wrong = list(differences(scenarios, expected))
    assert not wrong, f"{len(wrong)} differ\n" + "\n".join(wrong[:5])
    shown = [dict(key) for answer in expected.values() for key in answer or ()]
    for state in ("pending", "firing"):
        assert sum(labels.get("alertstate") == state for labels in shown) > SCENARIOS
    assert sum(labels["__name__"].startswith("rec:") for labels in shown) > 10 * SCENARIOS


def _late(step: Callable[..., Any]) -> Callable[..., Any]:
    """An alert fires one step after its time."""

    def changed(self: RuleAlerts, key: Any, alert: Any, given: bool, at: int) -> None:
        rule = self.rule
        self.rule = rule.model_copy(update={"hold": rule.hold + 1}) if rule.hold else rule
        step(self, key, alert, given, at)
        self.rule = rule

    return changed


def _closed(made: Callable[..., Any]) -> Callable[..., Any]:
    """A window counts what lies on its left edge."""

    def changed(block: Any, bounds: Any, *rest: Any) -> Any:
        starts, ends, at = bounds
        return made(block, (starts - 1, ends, at), *rest)

    return changed


def _unclamped(extrapolated: Callable[..., Any]) -> Callable[..., Any]:
    """A counter is extrapolated below zero: as a gauge is, its resets aside."""

    def changed(window: Any, *, counter: bool, per_second: bool) -> Any:
        found = extrapolated(window, counter=counter, per_second=per_second)
        if not counter or (window.values[:, 1:] < window.values[:, :-1]).any():
            return found
        return extrapolated(window, counter=False, per_second=per_second)

    return changed


FAULTS = {
    "for": lambda patch: patch.setattr(RuleAlerts, "_step", _late(RuleAlerts._step)),
    "lookback": lambda patch: patch.setattr(evaluator, "Limits", functools.partial(Limits, lookback=240_000)),
    "closed ranges": lambda patch: patch.setattr(selecting, "windows", _closed(windows.windows)),
    "zero clamp": lambda patch: patch.setattr(ranges, "_extrapolated", _unclamped(ranges._extrapolated)),
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[RuleScenario], dict[str, Answer]]:
    scenarios = [rule_scenario(seed) for seed in range(40)]
    return scenarios, prometheus(scenarios, tmp_path_factory.mktemp("oracle"))


def test_some_random_rules_are_judged_as_prometheus_judges_them(judged: Any) -> None:
    assert not list(differences(*judged))


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_evaluator_is_found(judged: Any, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    FAULTS[fault](monkeypatch)
    with np.errstate(all="ignore"):
        assert any(differences(*judged))
