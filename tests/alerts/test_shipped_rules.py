"""The shipped rules and routes, judged by Prometheus' and Alertmanager's own tools."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.servers import require

RULES = ROOT / "alerts" / "prometheus-rules.yml"
ROUTES = ROOT / "alerts" / "alertmanager.yml"
SCENARIOS = sorted((Path(__file__).parent / "shipped").glob("*.yml"))


def tool(name: str, *arguments: str) -> str:
    done = subprocess.run([require(name), *arguments], capture_output=True, text=True, timeout=150, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_only_then(scenario: Path) -> None:
    assert "SUCCESS" in tool("promtool", "test", "rules", str(scenario))


def test_every_alert_has_a_scenario_in_which_it_fires() -> None:
    fired = {
        name
        for scenario in SCENARIOS
        for test in yaml.safe_load(scenario.read_text())["tests"]
        for expected in test.get("promql_expr_test", ())
        for sample in expected["exp_samples"]
        for name in re.findall(r'alertname="(\w+)"', sample["labels"])
    }
    assert {rule["alert"] for rule in alerts()} - fired == set()


def test_promtool_has_no_complaint() -> None:
    assert "SUCCESS" in tool("promtool", "check", "rules", "--lint-fatal", str(RULES))


def test_the_alerts_of_the_specification_are_there_with_their_severity() -> None:
    severities = {rule["alert"]: rule["labels"]["severity"] for rule in alerts()}
    critical = ["HighErrorRate", "ServiceDown", "CriticalMemoryUsage", "DatabaseConnectionIssue"]
    warning = ["LowSuccessRate", "HighApiResponseTime", "HighMemoryUsage", "LongCallDuration"]
    assert {name: severities[name] for name in critical + warning} == dict.fromkeys(
        critical, "critical"
    ) | dict.fromkeys(warning, "warning")


def test_every_alert_says_what_it_is_about_and_what_to_do() -> None:
    for rule in alerts():
        assert set(rule["labels"]) >= {"severity", "topic"}, rule["alert"]
        assert set(rule["annotations"]) == {"summary", "description", "remedy"}, rule["alert"]


def test_what_a_rule_reads_of_ours_is_recorded_or_exported() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    for rule in rules():
        read = set(re.findall(r"\b\w*:[\w:]+", re.sub(r"\[.*?\]", "", rule["expr"])))
        assert read <= recorded, rule


def test_the_routes_are_valid() -> None:
    assert "SUCCESS" in tool("amtool", "check-config", str(ROUTES))


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        (("alertname=HighErrorRate", "severity=critical"), "email,slack"),
        (("alertname=LowSuccessRate", "severity=warning"), "slack"),
        (("alertname=Watchdog", "severity=none"), "heartbeat"),
        (("alertname=SomebodyElses",), "slack"),
    ],
)
def test_an_alert_reaches_its_receivers(labels: tuple[str, ...], receivers: str) -> None:
    found = tool("amtool", "config", "routes", "test", f"--config.file={ROUTES}", *labels)
    assert found.strip() == receivers
