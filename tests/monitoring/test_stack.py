"""What a real Prometheus makes of the exporter and of the shipped configuration."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import psycopg
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import ROOT
from tests.monitoring.conftest import Stack, post_round
from tests.servers import require, wait_until


def promtool(*arguments: str, text: str | None = None) -> str:
    done = subprocess.run(
        [require("promtool"), *arguments], input=text, capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_exposition_is_as_prometheus_wants_it(stack: Stack) -> None:
    assert promtool("check", "metrics", text=stack.programs[0].metrics()) == ""


def test_the_shipped_configuration_and_rules_are_valid() -> None:
    said = promtool("check", "config", "monitoring/prometheus.yml")
    assert "1 rule files found" in said
    assert "WARNING" not in said


def test_the_shipped_configuration_scrapes_the_default_ports() -> None:
    from app.settings import Settings

    exporter = f"127.0.0.1:{Settings.model_fields['prometheus_port'].default}"
    assert exporter in (ROOT / "monitoring" / "targets" / "voicehive.yml").read_text()


def test_every_target_is_up_and_every_rule_is_judged(stack: Stack) -> None:
    wait_until(lambda: stack.value('count(up{job="voicehive"} == 1)') == 2, "both instances are up")
    groups = requests.get(stack.url("/api/v1/rules"), timeout=10).json()["data"]["groups"]
    assert {
        (rule["name"], rule.get("lastError")) for group in groups for rule in group["rules"] if rule["health"] != "ok"
    } == set()


def test_the_dead_mans_switch_fires(stack: Stack) -> None:
    assert stack.value('ALERTS{alertname="Watchdog",alertstate="firing"}') == 1


def test_federated_sums_equal_the_database_within_one_scrape(stack: Stack, postgres_url: str) -> None:
    for number, program in enumerate(stack.programs):
        post_round(program, f"federated-{number}")
    posted = datetime.now(UTC)
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        stored: dict[str, int] = dict(
            connection.execute("SELECT status, count(*) FROM calls GROUP BY status").fetchall()
        )
    wait_until(lambda: min(scraped(stack)) > posted, "both instances are scraped again")
    # Prometheus tells of a scrape a moment before it has written it.
    wait_until(lambda: federated(stack) == stored, f"{federated(stack)} equals {stored}")


def scraped(stack: Stack) -> list[datetime]:
    """When each instance was last scraped with success."""
    found = requests.get(stack.url("/api/v1/targets"), timeout=10).json()["data"]["activeTargets"]
    ours = [target for target in found if target["labels"]["job"] == "voicehive"]
    assert len(ours) == len(stack.programs)
    never = datetime.min.replace(tzinfo=UTC)
    return [datetime.fromisoformat(each["lastScrape"]) if each["health"] == "up" else never for each in ours]


def federated(stack: Stack) -> dict[str, float]:
    """Calls by status, summed over the instances in what Prometheus hands on."""
    text = requests.get(stack.url("/federate"), params={"match[]": "voicehive_calls_total"}, timeout=10).text
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            status = sample.labels["status"]
            sums[status] = sums.get(status, 0) + sample.value
    return {status: count for status, count in sums.items() if count}
