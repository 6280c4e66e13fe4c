"""Metrics on a registry of their own."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from monitoring.custom import CustomMetrics, Definition
from monitoring.machinery import ServerMetrics
from monitoring.metrics import CALL_STATUSES, Metrics


def test_names_without_end_do_not_make_series_without_end() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    for number in range(100_000):
        metrics.count_call("success", f"agent-{number}", 60.0)
    text = generate_latest(registry).decode()
    assert sum(not line.startswith("#") for line in text.splitlines()) <= 10_000
    assert 'voicehive_calls_total{agent="other",status="success"} 99925.0' in text
    assert 'voicehive_instrumentation_lost_total{kind="agent"} 99925.0' in text


def test_the_first_error_of_an_agent_counts_from_zero() -> None:
    registry = CollectorRegistry()
    Metrics(registry).count_call("success", "roxy", 60.0)
    assert registry.get_sample_value("voicehive_calls_total", {"status": "error", "agent": "roxy"}) == 0


def test_all_bounds_together_stay_below_ten_thousand_series() -> None:
    registry = CollectorRegistry()
    metrics = ServerMetrics(registry, version="1")
    for agent in ["", *(f"agent-{number}" for number in range(200))]:
        for status in (*CALL_STATUSES, "in pieces"):
            metrics.count_call(status, agent, 60.0)
    for endpoint in range(100):
        for code in range(100, 160):
            metrics.count_request("GET", f"/{endpoint}", code, 0.1)
    for number in range(100):
        metrics.count_error(f"code-{number}")
    for query in range(25):
        metrics.query_seconds.labels(f"query-{query}").observe(0.1)
    custom = CustomMetrics(registry, lambda: None)
    for name in range(20):
        for value in range(200):
            custom.record(Definition("counter", f"custom_{name}", "Custom.", ("kind",)), "inc", 1, {"kind": value})
    text = generate_latest(registry).decode()
    series = sum(not line.startswith("#") for line in text.splitlines())
    # The process, its platform and the garbage collector have about 25 more.
    assert 9_000 < series <= 9_950


def test_what_is_no_time_or_no_unicode_does_not_spoil_the_page() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    bad: Any
    for bad in (float("nan"), float("inf"), -1, "4", 10**400):
        metrics.count_call("success", "roxy", bad)
        with pytest.raises(ValueError, match="no time"):
            metrics.count_request("GET", "/", 200, bad)
    metrics.count_call("success", "\ud800", 1.0)
    metrics.count_request("GET", "/\ud800", 200, 0.1)
    metrics.count_request("BREW", "x" * 10_000, 200, 0.1)
    text = generate_latest(registry).decode()
    assert 'voicehive_instrumentation_lost_total{kind="duration"} 5.0' in text
    assert 'voicehive_instrumentation_lost_total{kind="endpoint"} 2.0' in text
    assert 'voicehive_calls_total{agent="roxy",status="success"} 5.0' in text
    assert 'voicehive_calls_total{agent="other",status="success"} 1.0' in text
    assert "nan" not in text.lower()


def test_a_source_that_is_away_does_not_cost_the_scrape() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    metrics.gauge("voicehive_broken", "Fails.", lambda: 1 / 0)
    metrics.gauge("voicehive_fine", "Works.", lambda: 2.0)
    text = generate_latest(registry).decode()
    assert "\nvoicehive_fine 2.0" in text
    assert "\nvoicehive_broken" not in text
