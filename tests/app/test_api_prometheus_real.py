"""The same samples and rules in a real Prometheus and in the app: the same answers; promtool as a client."""

from __future__ import annotations

import random
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from alerts.annotations import expand
from alerts.running import Rules
from app.api.prometheus.notation import number
from data.samples.store import SampleStore
from tests import servers
from tests.app.conftest import Client, Program, unwired, wired

STEP = 15
#: Two hours ago, on a minute: Prometheus takes what is before as a block, and it is within its retention.
START = int(time.time()) // 60 * 60 - 2 * 3600
ROUNDS = 200
#: Half a second beside all instants that are asked for: Prometheus 2 still counts a range's left end.
FIRST_MS = START * 1000 + 1500
ODD = ["nan", "inf", "-inf", "1e21", "1e-7", "123456789012345680.0", "1e-5", "-0.0", "1e300", "5e-324"]
RULES = """
groups:
  - name: first
    interval: 1s
    rules:
      - {record: two, expr: vector(2), labels: {kind: constant}}
      - alert: Always
        expr: vector(95.5) > 1
        for: 1h
        labels: {severity: warning}
        annotations: {summary: it is so}
      - {alert: Never, expr: vector(1) > 2}
  - name: second
    interval: 1s
    limit: 5
    rules:
      - alert: Failing
        expr: vector(1) * on () (vector(1) or label_replace(vector(1), "a", "b", "", ""))
      - {alert: Firing, expr: vector(1), keep_firing_for: 5m}
"""

Sample = tuple[dict[str, str], int, float]


def samples() -> Iterator[Sample]:
    """Counters with a reset, a gauge that ends, and values that are hard to write: labels, milliseconds, value."""
    chance = random.Random(1)
    for agent in ("max", "roxy"):
        for status in ("error", "success"):
            value = 0.0
            for step in range(ROUNDS):
                value = 0.1 if step == 90 and agent == "max" else value + chance.choice([0, 0, 1, 3, 0.1])
                yield {"__name__": "calls_total", "agent": agent, "status": status}, FIRST_MS + step * 15_000, value
    for step in range(ROUNDS // 2):
        yield {"__name__": "heat", "room": "é"}, FIRST_MS + step * 15_000, step % 7
    for index, text in enumerate(ODD):
        yield {"__name__": "odd", "n": str(index)}, FIRST_MS + (ROUNDS - 1) * 15_000, float(text)


def fill(store: SampleStore) -> None:
    for step in range(ROUNDS):
        at = FIRST_MS + step * 15_000
        # Not `scraped`: the blocks of Prometheus get no stale markers.
        store.append(at, [(labels, value) for labels, each, value in SAMPLES if each == at])


def openmetrics() -> str:
    lines, family = [], ""
    for labels, at, value in SAMPLES:
        name = labels["__name__"]
        if name != family:
            lines.append(f"# TYPE {name.removesuffix('_total')} {'counter' if name.endswith('_total') else 'gauge'}")
            family = name
        inner = ",".join(f'{key}="{text}"' for key, text in labels.items() if key != "__name__")
        lines.append(f"{name}{{{inner}}} {number(value)} {at / 1000}")
    return "\n".join([*lines, "# EOF\n"])


SAMPLES = list(samples())


@pytest.fixture(scope="module")
def prometheus() -> Iterator[str]:
    """The URL of a Prometheus that has the samples and the rules and scrapes nothing."""
    program, promtool = servers.require("prometheus"), servers.require("promtool")
    with servers.scratch_folder() as folder:
        (folder / "samples.txt").write_text(openmetrics(), encoding="utf-8")
        making = [promtool, "tsdb", "create-blocks-from", "openmetrics", f"{folder}/samples.txt", f"{folder}/data"]
        subprocess.run(making, check=True, stdout=subprocess.DEVNULL)
        (folder / "rules.yml").write_text(RULES, encoding="utf-8")
        (folder / "prometheus.yml").write_text("rule_files: [rules.yml]\n", encoding="utf-8")
        port = servers.free_port()
        url = f"http://127.0.0.1:{port}"
        command = [program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        command.append(f"--web.listen-address=127.0.0.1:{port}")

        def is_ready() -> bool:
            try:
                return requests.get(f"{url}/-/ready", timeout=2).ok
            except requests.ConnectionError:
                return False

        with servers.Server(command, port=port, log=folder / "log", ready=is_ready):
            yield url


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The app with the same samples."""
    app = wired(tmp_path_factory.mktemp("app"))
    fill(app.services.samples)
    yield app.server.test_client()
    unwired(app)


def comparable(answer: Any) -> Any:
    """The answer with the series of a vector in one order; of an error what it is, not how it is worded."""
    if answer["status"] == "error":
        return answer["errorType"]
    data = answer["data"]
    if isinstance(data, dict) and data.get("resultType") == "vector":
        data["result"].sort(key=lambda each: sorted(each["metric"].items()))
    return data


RANGE = {"start": START + 60, "end": START + 2400, "step": "30"}
AT = {"time": START + (ROUNDS - 1) * STEP + 2}


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        *(("query", AT | {"query": query}) for query in (
            "calls_total", "sum by (agent) (rate(calls_total[5m]))", "odd", "odd * 1.1", "calls_total{agent='max'}[2m]",
            "1 + 1", "'a \"text\"'", "1 / 0", "0 / 0", "heat", "sort_desc(calls_total)", "topk(2, calls_total)",
            "absent(heat{room='x'})", "rate(calls_total[5m:30s])", "count_values('v', odd > 1)",
        )),
        *(("query_range", RANGE | {"query": query}) for query in (
            "calls_total", "rate(calls_total{status='error'}[5m])", "increase(calls_total[10m]) or heat", "heat",
            "1 + 1", "time()", "max_over_time(heat[1m])", "nothing", "sum(calls_total) by (status) / 7",
            "quantile(0.3, calls_total)", "calls_total offset 5m", "resets(calls_total[20m])",
        )),
        ("query_range", {"query": "heat", "start": START + 60.25, "end": f"{START + 99}.5", "step": "1s500ms"}),
        ("query_range", {"query": "1", "start": 0, "end": 11_000, "step": 1}),
        ("query_range", {"query": "1", "start": 0, "end": 11_001, "step": 1}),
        ("query_range", {"query": "1", "start": 1, "end": 0, "step": 1}),
        ("query_range", {"query": "1", "start": 0, "end": 1, "step": 0}),
        ("query_range", {"query": "1", "start": 0, "end": 1, "step": "x"}),
        ("query_range", {"query": "1", "start": 0, "end": 1}),
        ("query_range", {"query": "1", "end": 1, "step": 1}),
        ("query_range", {"query": "heat[5m]", "start": 0, "end": 1, "step": 1}),
        ("query", {"query": "1", "time": "1970-01-01T00:00:04Z"}),
        ("query", {"query": "1", "time": "0.5"}),
        ("query", {"query": "1", "time": "x"}),
        ("query", {"query": "heat["}),
        ("query", {"query": ""}),
        ("query", {}),
        ("query", {"query": "1", "timeout": "x"}),
        ("query", AT | {"query": "calls_total * on (agent) calls_total"}),
        ("query", AT | {"query": "calls_total", "timeout": "0"}),
        ("series", {"match[]": "calls_total"}),
        ("series", {"match[]": ["heat", 'odd{n=~"[12]"}']}),
        ("series", {"match[]": "nothing"}),
        ("series", {"match[]": "heat", "start": START - 7200, "end": START}),
        ("series", {"match[]": "heat", "start": "x"}),
        ("series", {}),
        ("series", {"match[]": "heat +"}),
        ("labels", {"match[]": "heat"}),
        ("labels", {"start": "x"}),
        ("label/agent/values", {}),
        ("label/n/values", {"match[]": 'odd{n!="3"}'}),
        ("label/nothing/values", {}),
        ("label/n/values", {"match[]": "{"}),
        ("rules", {"type": "x"}),
    ],
)  # fmt: skip
def test_answers_and_errors_are_those_of_prometheus(
    prometheus: str, client: Client, path: str, parameters: Any
) -> None:
    theirs = requests.get(f"{prometheus}/api/v1/{path}", parameters, timeout=10)
    ours = client.get(f"/api/v1/{path}", query_string=parameters)
    assert comparable(ours.json) == comparable(theirs.json())
    assert ours.status_code == theirs.status_code
    if path in ("query", "query_range", "series", "labels"):
        assert comparable(client.post(f"/api/v1/{path}", data=parameters).json) == comparable(ours.json)


def shape(value: Any) -> Any:
    """What the answer is made of: its keys and types, all numbers alike."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return "number" if isinstance(value, int | float) else type(value).__name__


#: What only Prometheus 3 tells, or what says when and where.
NEWER = {"labels", "limit", "keepFiringFor", "keepFiringSince"}
OWN = {"file", "activeAt", "lastEvaluation", "evaluationTime", "query", "lastError"}


def without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: without(each, names) for key, each in value.items() if key not in names}
    return [without(each, names) for each in value] if isinstance(value, list) else value


@pytest.fixture
def ruled(tmp_path: Path) -> Iterator[Client]:
    """An app in which the rules were judged twice."""
    path = tmp_path / "rules.yml"
    path.write_text(RULES, encoding="utf-8")
    app = wired(tmp_path)
    services = app.services
    services.rules = Rules(path, services.samples, services.record, expand)
    for _ in range(2):
        services.rules.evaluate(int(time.time() * 1000))
        time.sleep(1)
    yield app.server.test_client()
    unwired(app)


@pytest.fixture(scope="module")
def judged(prometheus: str) -> str:
    """The Prometheus, once each of its rules was judged."""

    def is_judged() -> bool:
        groups = requests.get(f"{prometheus}/api/v1/rules", timeout=5).json()["data"]["groups"]
        return all(rule["health"] != "unknown" for group in groups for rule in group["rules"])

    servers.wait_until(is_judged)
    return prometheus


def groups(data: Any, names: set[str]) -> Any:
    """The groups of rules but for some of what they tell; Prometheus 2 still tells those that a filter left empty."""
    return [without(group, names) for group in data["groups"] if group["rules"]]


@pytest.mark.parametrize("asked", [{}, {"type": "alert"}, {"type": "record"}])
def test_rules_are_told_as_prometheus_tells_them(judged: str, ruled: Client, asked: Any) -> None:
    theirs = requests.get(f"{judged}/api/v1/rules", asked, timeout=5).json()["data"]
    ours = ruled.get("/api/v1/rules", query_string=asked).json["data"]
    assert shape(groups(ours, NEWER)) == shape(groups(theirs, NEWER))
    assert groups(ours, NEWER | OWN) == groups(theirs, NEWER | OWN)


def test_alerts_are_told_as_prometheus_tells_them(judged: str, ruled: Client) -> None:
    theirs, ours = (
        sorted(answer["data"]["alerts"], key=lambda alert: str(alert["labels"]["alertname"]))
        for answer in (
            requests.get(f"{judged}/api/v1/alerts", timeout=5).json(),
            ruled.get("/api/v1/alerts").json,
        )
    )
    assert shape(ours) == shape(theirs)
    assert without(ours, {"activeAt"}) == without(theirs, {"activeAt"})


def test_filters_that_only_newer_ones_know(ruled: Client) -> None:
    def names(**asked: Any) -> list[str]:
        found = ruled.get("/api/v1/rules", query_string=asked).json["data"]["groups"]
        return [rule["name"] for group in found for rule in group["rules"]]

    assert names(**{"rule_name[]": ["Never", "two"]}) == ["two", "Never"]
    assert names(**{"rule_group[]": "second"}) == ["Failing", "Firing"]
    assert names(**{"match[]": '{severity="warning"}'}) == ["Always"]
    assert names(**{"file[]": "another"}) == []
    assert names(type="record") == ["two"]
    assert names(**{"rule_name[]": ["Never", "two"]}) == ["two", "Never"]
    assert names(**{"rule_group[]": "second"}) == ["Failing", "Firing"]
    assert len(names()) == 5
    whole = ruled.get("/api/v1/rules?exclude_alerts=true").json["data"]["groups"]
    assert all(rule["alerts"] == [] for group in whole for rule in group["rules"] if rule["type"] == "alerting")
    assert ruled.get("/api/v1/rules?exclude_alerts=x").status_code == 400


def promtool(*arguments: str) -> str:
    command = [servers.require("promtool"), "query", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def await_samples(demo: Program) -> None:
    """The first one is taken on the next multiple of 15 seconds."""

    def is_sampled() -> bool:
        found = requests.get(demo.url("/api/v1/query"), {"query": "up"}, timeout=5).json()
        return bool(found["data"]["result"])

    servers.wait_until(is_sampled)


def test_promtool_asks_the_running_program(demo: Program) -> None:
    await_samples(demo)
    server, now = demo.url(""), time.time()
    job = f'instance="127.0.0.1:{demo.metrics_port}", job="voicehive"'
    assert f"up{{{job}}} => 1 @" in promtool("instant", server, "up")
    found = promtool("range", f"--start={now - 60:.3f}", f"--end={now + 60:.3f}", "--step=1s", server, "up")
    assert "\n1 @[" in found
    assert f'{{__name__="up", {job}}}' in promtool("series", "--match=up", server)
    assert "voicehive_calls_total" in promtool("labels", server, "__name__").splitlines()


HEAVY = " + ".join(['sum(sqrt({job!="",le=""} @ end()))'] * 12)


@pytest.mark.slow
def test_many_heavy_queries_end_in_time_and_let_others_through(demo: Program) -> None:
    asked = {"query": HEAVY, "start": 0, "end": 1500, "step": 1}
    ended: list[tuple[int, float]] = []

    def ask() -> None:
        answer = requests.post(demo.url("/api/v1/query_range"), asked, timeout=30)
        ended.append((answer.status_code, answer.elapsed.total_seconds()))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    others = []
    while len(ended) < len(threads):
        others.append(demo.get("/api/dashboard/metrics").elapsed.total_seconds())
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    assert {status for status, _ in ended} <= {200, 503}
    assert max(seconds for _, seconds in ended) < 5
    assert max(others) < 2  # of a machine that runs the other tests as well
