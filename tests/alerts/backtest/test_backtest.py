"""Rules over the past fire when they would have fired live."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
import yaml

from alerts.annotations import expand
from alerts.backtest import Backtest, Outcome, Past, Stopped, backtest
from alerts.evaluator import Evaluator
from alerts.rules import RuleFile
from alerts.states import State
from alerts.testfile import Case, InputSeries, Samples
from data.samples.calls import CallSamples
from data.samples.model import Matcher, is_absent, is_stale
from tests.alerts.rule_scenarios import MINUTES, RuleScenario, rule_scenario

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
NONE = pd.DataFrame({"started_at": [], "ended_at": [], "status": [], "agent": [], "duration_seconds": []})


def rules_of(text: str, interval: int = MINUTE) -> RuleFile:
    found = RuleFile.model_validate(yaml.load(text, Loader=yaml.BaseLoader))
    return RuleFile(groups=[group.model_copy(update={"interval": interval}) for group in found.groups])


def samples_of(series: dict[str, str], step: int = MINUTE) -> Samples:
    return Samples(Case(interval=step, input_series=[InputSeries(series=n, values=v) for n, v in series.items()]))


def past_of(kept: Samples, calls: pd.DataFrame = NONE, start: int = 0, end: int = DAY) -> Past:
    return Past(CallSamples(calls, start, end, {"job": "voicehive"}), kept)


def judged(text: str, series: dict[str, str], minutes: int, start: int = 0, **options) -> Backtest:
    rules = rules_of(text)
    return backtest(rules, past_of(samples_of(series)), start * MINUTE, minutes * MINUTE, **options)


def spans(outcome: Outcome) -> list[tuple[float, float, float]]:
    """(start, end, peak) of the intervals, in minutes."""
    return [(each.start / MINUTE, each.end / MINUTE, each.peak) for each in outcome.intervals]


def live(scenario: RuleScenario) -> tuple[dict, dict]:
    """The minutes at which each alert fires, and what is recorded at each minute, as the evaluator has it live."""
    samples = samples_of(scenario.series, scenario.step)
    judge = Evaluator(rules_of(scenario.rules), samples, expand)
    firing: dict[frozenset, set[int]] = defaultdict(set)
    for minute in range(-10, MINUTES):
        for _, _, states, _ in judge.evaluate(minute * MINUTE):
            for alert in [alert for state in states for alert in state.alerts.alerts.values()]:
                if alert.state is State.FIRING and minute >= 0:
                    firing[frozenset(alert.labels.items())].add(minute)
    return firing, recorded(samples)


def recorded(samples: Samples | Past) -> dict:
    found = {}
    for block in samples.select([Matcher("__name__", "=~", "rec:.*")], 0, MINUTES * MINUTE):
        there = ~(is_absent(block.values) | is_stale(block.values))
        for row, column in zip(*np.nonzero(there), strict=True):
            key = frozenset(block.labels[row].items()), int(block.times[column])
            found[key] = float(block.values[row, column])
    return found


@pytest.mark.parametrize("chunk", [4, 1440])
def test_random_rules_fire_as_they_do_live(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.backtest.run._CHUNK", chunk)
    seen = 0
    for seed in range(60):
        scenario = rule_scenario(seed)
        if "absent" in scenario.rules:
            # Live it fires before anything is known; that is left out here.
            continue
        rules = rules_of(scenario.rules)
        past = past_of(samples_of(scenario.series, scenario.step))
        found = backtest(rules, past, 0, (MINUTES - 1) * MINUTE)
        firing: dict[frozenset, set[int]] = defaultdict(set)
        for outcome in found.outcomes:
            assert not outcome.error
            for each in outcome.intervals:
                last = each.end // MINUTE + each.open
                firing[frozenset(each.labels.items())] |= set(range(each.start // MINUTE, last))
        wanted, kept = live(scenario)
        assert firing == wanted, scenario.rules
        mine = recorded(past)
        # A rule that nobody looks at is not judged.
        names = {dict(labels)["__name__"] for labels, _ in mine}
        wanted_series = {key: value for key, value in kept.items() if dict(key[0])["__name__"] in names}
        assert mine.keys() == wanted_series.keys()
        for key, value in wanted_series.items():
            assert mine[key] == pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True)
        seen += len(firing)
    assert seen > 40


HOT = """
groups:
  - name: g
    rules:
      - {alert: Hot, expr: heat > 30, for: 2m, labels: {severity: page}}
"""


def test_intervals_have_a_start_an_end_labels_and_a_peak() -> None:
    [hot] = judged(HOT, {'heat{room="a"}': "20 35 35 35 50 20x5 40x10", 'heat{room="b"}': "20x20"}, 15).outcomes
    assert spans(hot) == [(3, 5, 50), (13, 15, 40)]
    assert [each.open for each in hot.intervals] == [False, True]
    assert hot.intervals[0].labels == {"alertname": "Hot", "room": "a", "severity": "page"}
    assert hot.sentence == "would have fired 2 times, 4 min in all"


def test_of_a_floor_the_peak_is_the_lowest_value() -> None:
    [low] = judged(HOT.replace("> 30", "< 5"), {"heat": "9 3 3 1 2 9 9"}, 6).outcomes
    assert spans(low) == [(3, 5, 1)]


def test_alerts_that_fire_together_are_not_counted_twice_in_the_time() -> None:
    [hot] = judged(HOT, {'heat{room="a"}': "35x6 0x9", 'heat{room="b"}': "0 0 35x6 0x9"}, 12).outcomes
    assert spans(hot) == [(2, 7, 35), (4, 9, 35)]
    assert hot.seconds == 7 * 60


def test_a_window_reaches_back_before_the_start() -> None:
    text = """
groups:
  - name: g
    rules:
      - {record: "heat:max", expr: max(heat)}
      - {alert: WasHot, expr: "max_over_time(heat:max[10m]) > 30", for: 3m}
"""
    # It has been firing since minute 8, and the sample of minute 5 leaves the window at 15.
    [found] = judged(text, {"heat": "0x4 50 0x40"}, 40, start=10).outcomes
    assert spans(found) == [(10, 15, 50)]


def test_what_has_no_history_is_named_and_what_has_one_later_is_told() -> None:
    text = """
groups:
  - name: g
    rules:
      - {alert: Nothing, expr: nothing > 1}
      - {alert: Gone, expr: absent(late)}
      - {alert: Both, expr: "sum(late) > 0 or sum(nothing) > 0"}
      - {alert: Heartbeat, expr: vector(1)}
"""
    nothing, gone, both, heartbeat = judged(text, {"late": "_x20 1x10 stale"}, 40).outcomes
    assert (nothing.since, nothing.unknown, nothing.intervals) == (None, {"nothing": None}, [])
    assert nothing.sentence == "could not be judged: no history of nothing"
    # Its absence before it was ever known is not told.
    assert (gone.since, spans(gone)) == (20 * MINUTE, [(31, 40, 1)])
    assert both.unknown == {"late": 20 * MINUTE, "nothing": None}
    assert spans(both) == [(20, 31, 1)]
    assert spans(heartbeat) == [(0, 40, 1)]


def test_a_step_without_an_answer_costs_no_other() -> None:
    text = HOT.replace("heat > 30", "heat * on (room) size > 30")
    series = {'heat{room="a"}': "40x20", 'size{room="a"}': "1x20", 'size{room="a",floor="2"}': "_x10 1 stale"}
    [found] = judged(text, series, 20).outcomes
    assert "many-to-many" in found.error
    assert found.failed == 1
    assert spans(found) == [(2, 20, 40)]


def test_a_rule_that_never_has_an_answer_is_given_up() -> None:
    text = HOT.replace("heat > 30", "heat * on () heat > 30")
    [found] = judged(text, {'heat{room="a"}': "40x400", 'heat{room="b"}': "40x400"}, 400).outcomes
    assert found.sentence.startswith("could not be judged: found duplicate series")


def test_rules_that_look_at_what_comes_after_them_are_judged_step_by_step() -> None:
    text = """
groups:
  - name: g
    rules:
      - {alert: Twice, expr: "steps > 3"}
      - {record: steps, expr: "steps + 1 or vector(0)"}
"""
    [found] = judged(text, {}, 8).outcomes
    # Begun at the start, less what a selector looks back.
    assert [each.peak > 3 for each in found.intervals] == [True]


def test_only_the_alerts_that_were_asked_for_and_what_they_need_are_judged() -> None:
    text = HOT + '      - {alert: Broken, expr: "heat * on () heat"}\n'
    found = judged(text, {'heat{room="a"}': "40x9", 'heat{room="b"}': "0x9"}, 9, names=["Hot"])
    assert [each.alert for each in found.outcomes] == ["Hot"]


def test_a_group_with_a_longer_interval_is_judged_at_its_turns() -> None:
    rules = rules_of(HOT.replace("for: 2m, ", ""), 5 * MINUTE)
    past = past_of(samples_of({"heat": "0 40x8 0x20"}))
    [found] = backtest(rules, past, 0, 20 * MINUTE).outcomes
    assert spans(found) == [(5, 10, 40)]


def test_recorded_series_go_on_from_those_that_were_kept() -> None:
    text = """
groups:
  - name: g
    rules:
      - {record: "heat:max", expr: max(heat)}
      - {alert: Hot, expr: "heat:max > 30"}
"""
    # Of heat itself only the last minutes were kept; what was recorded then counts from there on no more.
    series = {"heat": "_x30 40 0x20", "heat:max": "0x10 50x4 0x15 99x20"}
    [found] = judged(text, series, 40).outcomes
    assert spans(found) == [(11, 16, 50), (30, 31, 40)]


def test_a_backtest_can_be_given_up() -> None:
    with pytest.raises(Stopped):
        judged(HOT, {"heat": "40x9"}, 9, stop=lambda: True)


def test_calls_are_judged_from_the_calls_themselves() -> None:
    text = """
groups:
  - name: g
    rules:
      - alert: Errors
        expr: |
          sum(rate(voicehive_calls_total{status="error"}[5m])) / sum(rate(voicehive_calls_total[5m])) * 100 > 5
          and sum(increase(voicehive_calls_total[5m])) >= 20
        for: 2m
"""
    # Ten calls a minute; from minute 60 on a third of them fail, for half an hour.
    seconds = np.arange(0, 120 * 60, 6)
    bad = (seconds >= 3600) & (seconds < 5400) & (seconds % 18 == 0)
    calls = pd.DataFrame(
        {
            "started_at": seconds * 1_000_000,
            "ended_at": (seconds + 30.0) * 1_000_000,
            "status": np.where(bad, "error", "success"),
            "agent": "roxy",
            "duration_seconds": 30.0,
        }
    )
    rules = rules_of(text)
    past = past_of(samples_of({}), calls)
    [found] = backtest(rules, past, 30 * MINUTE, 120 * MINUTE).outcomes
    [only] = found.intervals
    assert 62 <= only.start / MINUTE <= 65
    assert 94 <= only.end / MINUTE <= 97
    assert only.peak == pytest.approx(100 / 3, abs=3)
