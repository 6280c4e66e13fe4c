"""The shipped routes in a real Alertmanager: who is told, and which alert mutes which."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.conftest import ROOT
from tests.servers import Server, free_port, require, scratch_folder, wait_until


@pytest.fixture(scope="module")
def alertmanager() -> Iterator[str]:
    """The address of an Alertmanager that runs on the shipped file."""
    program, port = require("alertmanager"), free_port()
    with scratch_folder() as folder:
        command = [program, f"--config.file={ROOT / 'alerts' / 'alertmanager.yml'}", f"--storage.path={folder}"]
        command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
        with Server(command, port=port, log=folder / "alertmanager.log"):
            yield f"http://127.0.0.1:{port}/api/v2"


def alert(name: str, severity: str, topic: str, **more: str) -> dict[str, Any]:
    return {"labels": {"alertname": name, "severity": severity, "topic": topic} | more}


A, B = "a:8001", "b:8001"
ALERTS = [
    alert("CriticalMemoryUsage", "critical", "memory", instance=A),
    alert("HighMemoryUsage", "warning", "memory", instance=A),
    alert("HighMemoryUsage", "warning", "memory", instance=B),
    alert("SLOBurnRate", "critical", "slo", slo="api", window="1h"),
    alert("SLOBurnRate", "warning", "slo", slo="api", window="1d"),
    alert("SLOBurnRate", "warning", "slo", slo="calls", window="1d"),
    alert("Watchdog", "none", "heartbeat"),
]
DOWN = alert("ServiceDown", "critical", "service", job="voicehive", instance=A)


def muted(address: str) -> set[tuple[str, ...]]:
    """The alerts that are inhibited: name, severity, and what tells it from others of its name."""
    found = requests.get(f"{address}/alerts", timeout=10).json()
    return {
        (labels["alertname"], labels["severity"], labels.get("instance") or labels.get("slo") or "")
        for each in found
        if each["status"]["inhibitedBy"]
        for labels in [each["labels"]]
    }


def test_the_worse_alert_mutes_the_lesser_of_the_same_thing(alertmanager: str) -> None:
    assert requests.post(f"{alertmanager}/alerts", json=ALERTS, timeout=10).ok
    expected = {("HighMemoryUsage", "warning", A), ("SLOBurnRate", "warning", "api")}
    wait_until(lambda: muted(alertmanager) == expected, "the lesser alerts are muted")
    groups = requests.get(f"{alertmanager}/alerts/groups", timeout=10).json()
    told = {
        (each["labels"]["alertname"], each["labels"]["severity"], group["receiver"]["name"])
        for group in groups
        for each in group["alerts"]
    }
    assert {who for name, severity, who in told if (name, severity) == ("CriticalMemoryUsage", "critical")} == {
        "email",
        "slack",
    }
    assert {who for name, _, who in told if name == "Watchdog"} == {"heartbeat"}


def test_a_server_that_is_down_mutes_the_rest_of_it_and_what_can_wait(alertmanager: str) -> None:
    assert requests.post(f"{alertmanager}/alerts", json=[*ALERTS, DOWN], timeout=10).ok
    other = alert("CriticalMemoryUsage", "critical", "memory", instance=B)
    assert requests.post(f"{alertmanager}/alerts", json=[other], timeout=10).ok
    expected = {
        ("CriticalMemoryUsage", "critical", A),
        ("HighMemoryUsage", "warning", A),
        ("HighMemoryUsage", "warning", B),
        ("SLOBurnRate", "warning", "api"),
        ("SLOBurnRate", "warning", "calls"),
    }
    wait_until(lambda: muted(alertmanager) >= expected, "what the server's absence explains is muted")
    assert muted(alertmanager) == expected
