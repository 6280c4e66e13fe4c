"""Rule files: what is taken, and how a fault is told. promtool judges the same files."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from alerts.config import ConfigError, milliseconds
from alerts.rules import RuleFile, load_rules
from tests.conftest import ROOT

GOOD = """
groups:
  - name: g
    interval: 1m
    rules:
      - record: a:b
        expr: sum(up)
        labels: {slo: 1}
      - alert: Down
        expr: up == 0
        for: 1h30m
        keep_firing_for: 5m
        annotations:
          summary: "{{ $labels.instance }} is down"
"""


def load(tmp_path: Path, text: str) -> RuleFile:
    path = tmp_path / "rules.yml"
    path.write_text(text, encoding="utf-8")
    return load_rules(path)


def promtool_takes(path: Path) -> bool:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is missing")
    return subprocess.run([promtool, "check", "rules", path], capture_output=True, timeout=30).returncode == 0


def test_a_file_is_read_as_prometheus_reads_it(tmp_path: Path) -> None:
    [group] = load(tmp_path, GOOD).groups
    record, alert = group.rules
    assert (group.interval, record.name, record.labels) == (60_000, "a:b", {"slo": "1"})
    assert (alert.hold, alert.keep_firing_for) == (5_400_000, 300_000)


def test_the_rules_that_come_with_the_product_are_taken() -> None:
    names = {rule.name for group in load_rules(ROOT / "alerts/prometheus-rules.yml").groups for rule in group.rules}
    assert names >= {
        "HighErrorRate",
        "ServiceDown",
        "CriticalMemoryUsage",
        "DatabaseConnectionIssue",
        "LowSuccessRate",
        "HighApiResponseTime",
        "HighMemoryUsage",
        "LongCallDuration",
        "Watchdog",
    }


BAD = [
    ("expr: up == 0", "expr: 'up =='", 10, "expr:"),
    ("expr: up == 0", "expr: rate(up)", 10, "expr:"),
    ("for: 1h30m", "for: soon", 11, "for: not a valid duration"),
    ("for: 1h30m", "fro: 1h", 11, "'fro' is not known"),
    ("interval: 1m", "interval: -1m", 4, "interval:"),
    ("record: a:b", "record: a b", 6, "can't be the name of a series"),
    ("- alert: Down", "- alert: Down\n        record: x", 9, "either `record` or `alert`"),
    ("slo: 1", "'s lo': 1", 8, "can't be the name of a label"),
    ("- name: g", "- name: g\n    name: h", 4, "stands here twice"),
    ("labels: {slo: 1}", "for: 1m", 6, "belong to alerts"),
]


@pytest.mark.parametrize(("good", "bad", "line", "said"), BAD)
def test_a_fault_is_told_with_its_line(tmp_path: Path, good: str, bad: str, line: int, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, GOOD.replace(good, bad))
    assert f"rules.yml:{line}:" in str(caught.value)
    assert said in str(caught.value)
    assert not promtool_takes(tmp_path / "rules.yml")


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, GOOD.replace("sum(up)", "sum(").replace("1h30m", "soon"))
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    "text", ["{", "groups: 3", "- a", "groups: [{name: }]", "a: &a [*a]", "\x00", "!!python/object x"]
)
def test_what_is_no_rule_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"rules\.yml"):
        load(tmp_path, text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yml: can't be read"):
        load_rules(tmp_path / "none.yml")


@pytest.mark.parametrize(("text", "expected"), [("0", 0), ("1d", 86_400_000), ("1m30s5ms", 90_005)])
def test_durations(text: str, expected: int) -> None:
    assert milliseconds(text) == expected


@pytest.mark.parametrize("text", ["", "1", "5 m", "1s1m", "-1m", "1.5h", "9999999y", "m"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        milliseconds(text)
