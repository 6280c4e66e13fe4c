"""Unit tests of rules: the same verdict as promtool's on the same file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from alerts.annotations import expand
from alerts.config import ConfigError
from alerts.notation import series_labels, values
from alerts.testfile import run_tests
from data.samples.model import STALE
from tests.servers import require

RULES = """
groups:
  - name: g
    rules:
      - {record: "room:heat:max", expr: "max by (room) (heat)"}
      - alert: Hot
        expr: room:heat:max > 30
        for: 2m
        labels: {severity: warning}
        annotations:
          summary: "{{ $labels.room }} has {{ $value }} degrees"
          others: >-
            {{ range query (printf "room:heat:max{room!='%s'}" $labels.room) }}{{ .Labels.room }} {{ .Value }}{{ end }},
            {{ query "nothing" | len }}, {{ query "1 + 1" | first | value }}
"""
TESTS = """
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - name: a warm day
    interval: 25s
    input_series:
      - {series: 'heat{room="a", sensor="1"}', values: 20+1x30}
      - {series: 'heat{room="b", sensor="1"}', values: 20x8 _x3 stale 50x20}
    alert_rule_test:
      - eval_time: 5m
        alertname: Hot
        exp_alerts: []
      - eval_time: 8m
        alertname: Hot
        exp_alerts:
          - exp_labels: {severity: warning, room: a}
            exp_annotations: {summary: a has 39 degrees, others: 'b 50, 0, 2'}
          - exp_labels: {severity: warning, room: b}
            exp_annotations: {summary: b has 50 degrees, others: 'a 39, 0, 2'}
    promql_expr_test:
      - expr: room:heat:max
        eval_time: 2m
        exp_samples:
          - {labels: 'room:heat:max{room="a"}', value: 24}
          - {labels: 'room:heat:max{room="b"}', value: 20}
      - expr: 1 + 1
        eval_time: 0
        exp_samples: [{labels: '{}', value: 2}]
      - expr: absent(nothing)
        eval_time: 1m
        exp_samples: [{labels: '{}', value: 1}]
"""


def files(folder: Path, tests: str = TESTS) -> Path:
    (folder / "rules.yml").write_text(RULES, encoding="utf-8")
    path = folder / "tests.yml"
    path.write_text(tests, encoding="utf-8")
    return path


def promtool_says(path: Path) -> bool:
    done = subprocess.run([require("promtool"), "test", "rules", path], capture_output=True, timeout=60)
    return done.returncode == 0


def test_what_holds_holds_for_both(tmp_path: Path) -> None:
    path = files(tmp_path)
    assert run_tests(path, expand) == []
    assert promtool_says(path)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("value: 24", "value: 25", "room:heat:max"),
        ("value: 24", "value: 24.0000001", "room:heat:max"),
        ("labels: 'room:heat:max{room=\"b\"}'", "labels: 'room:heat:max{room=\"c\"}'", "room:heat:max"),
        ("a has 39 degrees", "a has 38 degrees", "Hot"),
        ("severity: warning, room: a", "severity: critical, room: a", "Hot"),
        ("exp_alerts: []", "exp_alerts: [{exp_labels: {room: a}}]", "Hot"),
        ("expr: 1 + 1", "expr: 1 + 2", "1 + 2"),
        ("expr: 1 + 1", "expr: heat + on () heat", "heat"),
    ],
)
def test_what_does_not_hold_is_told_and_fails_for_both(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    path = files(tmp_path, TESTS.replace(right, wrong, 1))
    failures = run_tests(path, expand)
    assert len(failures) == 1
    assert failures[0].startswith("a warm day: at ")
    assert said in failures[0]
    assert not promtool_says(path)


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [
        ("20+1x30", "20+1y30", 8),
        ("interval: 25s", "interval: soon", 6),
        ("eval_time: 5m", "eval_tim: 5m", 11),
        ("rules.yml", "none.yml", None),
    ],
)
def test_a_file_that_can_not_be_used_is_refused(tmp_path: Path, right: str, wrong: str, line: int | None) -> None:
    path = files(tmp_path, TESTS.replace(right, wrong, 1))
    with pytest.raises(ConfigError) as caught:
        run_tests(path, expand)
    assert str(caught.value).startswith(f"{path}:{line}: " if line else f"{path}: ")
    assert not promtool_says(path)


def test_the_shipped_rules_hold_in_a_shipped_scenario() -> None:
    assert run_tests(Path(__file__).parent / "shipped" / "now.yml", expand) == []


def test_the_notation_of_values_and_series() -> None:
    assert values("1 2+3x2 -1-.5x1 4x2 Inf") == [1, 2, 5, 8, -1, -1.5, 4, 4, 4, float("inf")]
    assert str(values("stale")[0]) == str(STALE) == "nan"
    assert series_labels('{__name__="a", b="c"}') == {"__name__": "a", "b": "c"}
    for text in ("a{b=~'c'}", "a + b", "a["):
        with pytest.raises(ValueError, match="is not a series"):
            series_labels(text)
