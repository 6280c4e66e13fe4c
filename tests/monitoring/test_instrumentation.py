"""What a backend may do to its instrumentation, and what that must not do to the backend."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest

from monitoring.instrumentation import Instrumentation
from tests.conftest import ROOT


@pytest.fixture
def i() -> Instrumentation:
    return Instrumentation()


def value(i: Instrumentation, name: str, **labels: str) -> float | None:
    return i.registry.get_sample_value(name, labels)


def lost(i: Instrumentation, kind: str) -> float | None:
    return value(i, "voicehive_instrumentation_lost_total", kind=kind)


def series(i: Instrumentation) -> int:
    return sum(not line.startswith("#") for line in generate_latest(i.registry).decode().splitlines())


def python(code: str, folder: Path, **environment: str) -> str:
    """What a program of its own prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        cwd=folder,
        text=True,
        capture_output=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize("duration", [-1, float("nan"), float("inf"), "4.2", [], 10**400])
def test_a_call_with_a_bad_duration_counts_without_it(i: Instrumentation, duration: Any) -> None:
    i.record_call_metrics(duration=duration, status="success", agent="roxy")
    assert value(i, "voicehive_calls_total", status="success", agent="roxy") == 1
    assert value(i, "voicehive_call_duration_seconds_count", status="success", agent="roxy") == 0
    assert lost(i, "duration") == 1


def test_a_call_that_was_never_answered_has_no_duration(i: Instrumentation) -> None:
    i.record_call_metrics(duration=None, status="missed")
    assert value(i, "voicehive_calls_total", status="missed", agent="") == 1
    assert (lost(i, "duration"), lost(i, "agent")) == (0, 0)


def test_an_unknown_status_and_a_long_name_count_as_other(i: Instrumentation) -> None:
    i.record_call_metrics(1.0, "exploded", "roxy")
    i.record_call_metrics(1.0, "success", "a" * 10_000)
    assert value(i, "voicehive_calls_total", status="other", agent="other") == 1
    assert value(i, "voicehive_calls_total", status="success", agent="other") == 1
    assert (lost(i, "status"), lost(i, "agent")) == (1, 1)


def test_nothing_raises_whatever_comes(i: Instrumentation) -> None:
    strange: Any
    for strange in (None, [], {}, object(), "\ud800", float("nan"), b"x", 10**400):
        i.record_call_metrics(strange, strange, strange)
        i.record_api_request(strange, strange, strange, strange)
        i.update_system_metrics(strange, strange, strange)
        for define in (i.counter, i.gauge, i.histogram):
            metric = define(strange, strange, strange)
            for verb in (metric.add, metric.set, metric.observe):
                verb(strange, strange="x")
    assert generate_latest(i.registry)
    assert (lost(i, "call") or 0) > 0
    assert (lost(i, "custom") or 0) > 0


def test_a_hundred_thousand_names_make_no_more_than_ten_thousand_series(i: Instrumentation) -> None:
    for number in range(100_000):
        i.record_call_metrics(1.0, "success", f"agent-{number}")
        i.record_api_request("GET", f"/{number}", 200 + number % 400, 0.1)
    counter = i.counter("orders_total", "Orders.", ["kind"])
    for number in range(2_000):
        counter.add(1, kind=number)
    assert series(i) <= 10_000
    assert value(i, "orders_total", kind="other") == 1_900
    assert (lost(i, "agent"), lost(i, "custom")) == (99_925, 1_900)
    assert lost(i, "endpoint") == 99_940


def test_custom_metrics_share_a_thousand_series(i: Instrumentation) -> None:
    for number in range(100):
        metric = i.histogram(f"step_{number}_seconds", "A step.", ["kind"])
        for kind in range(20):
            metric.observe(0.1, kind=kind)
    assert sum("step_" in line for line in generate_latest(i.registry).decode().splitlines() if line[0] != "#") <= 1_000


@pytest.mark.parametrize("name", ["", "a b", "1st", "ü_total", "voicehive_calls", "voicehive_calls_total"])
def test_a_metric_that_can_not_be_is_said_once_and_counted(
    i: Instrumentation, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    for _ in range(3):
        i.counter(name, "Text.").add(1)
    assert lost(i, "custom") == 3
    assert len(caplog.records) == 1


def test_a_metric_is_defined_once_and_the_first_definition_stays(i: Instrumentation) -> None:
    i.counter("orders_total", "Orders.", ["kind"]).add(2, kind="book")
    i.counter("orders_total", "Orders.", ["kind"]).add(1, kind="book")
    i.counter("orders_total", "Orders.", ["shop"]).add(5, shop="x")
    i.gauge("orders_total", "Orders.").set(7)
    i.counter("orders_total", "Orders.", ["kind"]).add(-1, kind="book")
    i.counter("orders_total", "Orders.", ["kind"]).add(1, nobody="asked")
    assert value(i, "orders_total", kind="book") == 3
    assert lost(i, "custom") == 4


def test_names_made_up_anew_each_time_do_not_fill_memory_and_log(
    i: Instrumentation, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(1_000):
        i.counter(f"bad name {number}", "Text.").add(1)
    assert (lost(i, "custom"), len(i._custom._refused), len(caplog.records)) == (1_000, 100, 100)
    i.counter("good_total", "Text.").add(1)
    assert value(i, "good_total") == 1


def test_counts_are_exact_from_many_threads(i: Instrumentation) -> None:
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        for number in range(10_000):
            i.record_call_metrics(1.0, "success", f"agent-{number % 5}")
            i.counter("steps_total", "Steps.", ["kind"]).add(1, kind=number % 5)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for number in range(5):
        labels = {"agent": f"agent-{number}", "status": "success"}
        assert value(i, "voicehive_calls_total", **labels) == 16_000
        assert value(i, "voicehive_call_duration_seconds_count", **labels) == 16_000
        assert value(i, "steps_total", kind=str(number)) == 16_000


FORKING = """
import os, signal, threading
from monitoring.instrumentation import get_instrumentation
from prometheus_client import generate_latest
i = get_instrumentation()
def record():
    while True:
        with i.create_span("work"):
            i.record_call_metrics(1.0, "success", "roxy")
            i.counter("steps_total", "Steps.", ["kind"]).add(1, kind="a")
for _ in range(4):
    threading.Thread(target=record, daemon=True).start()
for _ in range(20):
    child = os.fork()
    if not child:
        signal.alarm(10)
        with i.create_span("child"):
            i.record_call_metrics(1.0, "success", "mia")
            i.counter("steps_total", "Steps.", ["kind"]).add(1, kind="a")
        page = generate_latest(i.registry).decode()
        assert 'voicehive_calls_total{agent="mia",status="success"} 1.0' in page, page
        assert 'steps_total{kind="a"} 1.0' in page, page
        assert "roxy" not in page
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
print("done")
"""


def test_a_process_that_forks_while_it_records_leaves_its_child_able_to(tmp_path: Path) -> None:
    assert python(FORKING, tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1").endswith("done\n")


WORKERS = """
import os
from monitoring.instrumentation import get_instrumentation
from monitoring.exposition import page
from prometheus_client import REGISTRY
i = get_instrumentation()
for worker in range(2):
    child = os.fork()
    if not child:
        for _ in range(10):
            i.record_call_metrics(1.0, "success", "roxy")
        i.update_system_metrics(active_calls=3)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
print(page(REGISTRY)("")[0].decode())
"""


def test_the_workers_of_one_server_are_summed_on_one_page(tmp_path: Path) -> None:
    page = python(WORKERS, tmp_path, PROMETHEUS_MULTIPROC_DIR=str(tmp_path))
    assert 'voicehive_calls_total{agent="roxy",status="success"} 20.0' in page
    assert 'voicehive_call_duration_seconds_count{agent="roxy",status="success"} 20.0' in page
    assert "voicehive_active_calls 3.0" in page


def test_the_import_brings_only_what_it_needs(tmp_path: Path) -> None:
    code = "import sys, json, monitoring.instrumentation; print(json.dumps([n.split('.')[0] for n in sys.modules]))"
    brought = set(json.loads(python(code, tmp_path)))
    assert brought.isdisjoint({"app", "data", "alerts", "dash", "flask", "sqlalchemy", "numpy", "pandas", "fastapi"})


def test_it_works_with_the_sdk_switched_off(tmp_path: Path) -> None:
    code = """
from monitoring.instrumentation import get_instrumentation, setup_instrumentation
import flask
app = flask.Flask("x")
setup_instrumentation(app)
setup_instrumentation(app)
i = get_instrumentation()
with i.create_span("call_processing") as span:
    span.set_attribute("call_id", "x")
    i.record_call_metrics(duration=4.2, status="success", agent="roxy")
client = app.test_client()
assert client.get("/none").status_code == 404
print(client.get("/metrics").text)
"""
    page = python(code, tmp_path, OTEL_SDK_DISABLED="true")
    assert 'voicehive_calls_total{agent="roxy",status="success"} 1.0' in page
    assert 'voicehive_api_requests_total{endpoint="unknown",method="GET",status="404"} 1.0' in page
