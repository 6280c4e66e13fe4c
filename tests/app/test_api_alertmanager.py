"""Alertmanager's API: the app answers as the real one does, and amtool works against it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from alerts.notifier import CONFIG_FILE
from tests import servers
from tests.app.conftest import Program, run_program, stop_program

pytestmark = pytest.mark.slow
Json = Any


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the running app."""
    running: Program = run_program(tmp_path_factory.mktemp("alertmanager"), "serve")
    yield running.url("")
    stop_program(running)


@pytest.fixture(scope="module")
def theirs() -> Iterator[str]:
    """The address of an Alertmanager with the same routes."""
    program = servers.require("alertmanager")
    with servers.scratch_folder() as folder:
        port = servers.free_port()
        command = [program, f"--config.file={CONFIG_FILE}", f"--storage.path={folder}"]
        command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
        with servers.Server(command, port=port, log=folder / "log"):
            yield f"http://127.0.0.1:{port}"


def amtool(url: str, *arguments: str) -> str:
    command = [servers.require("amtool"), f"--alertmanager.url={url}", "--no-version-check", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout


def alert(name: str, **labels: str) -> Json:
    return {
        "labels": {"alertname": name, "severity": "warning", **labels},
        "annotations": {"summary": f"{name} is there"},
        "startsAt": "2026-11-26T07:00:00Z",
        "endsAt": "2099-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
    }


ALERTS = [
    alert("A", instance="one"),
    alert("A", instance="two", severity="critical"),
    alert("B", instance="two", topic="é"),
    alert("ServiceDown", instance="two", severity="critical"),
]


def silence(**fields: Json) -> Json:
    return {
        "matchers": [{"name": "alertname", "value": "A", "isRegex": False}],
        "startsAt": "2026-11-26T07:00:00Z",
        "endsAt": "2099-01-01T00:00:00Z",
        "createdBy": "Ada",
        "comment": "known",
    } | fields


@pytest.fixture(scope="module")
def both(ours: str, theirs: str) -> tuple[str, str]:
    """Both with the same alerts, which are in their groups, and one silence."""
    for url in (ours, theirs):
        assert requests.post(f"{url}/api/v2/alerts", json=ALERTS, timeout=10).status_code == 200
        body = silence(matchers=[{"name": "topic", "value": "é", "isRegex": True}])
        assert requests.post(f"{url}/api/v2/silences", json=body, timeout=10).ok

    def grouped() -> bool:
        groups = requests.get(f"{theirs}/api/v2/alerts/groups", timeout=10).json()
        return sum(len(group["alerts"]) for group in groups) >= len(ALERTS) + 2

    servers.wait_until(grouped, "alerts are in their groups")
    return ours, theirs


def plain(answer: Json) -> Json:
    """An answer without what differs by the moment and by chance, and without the alerts of the app's own rules."""
    if isinstance(answer, list):
        # Within a group the real one has no order.
        kept = [plain(each) for each in answer if not _is_own(each)]
        return sorted(kept, key=lambda each: each.get("fingerprint", "") if isinstance(each, dict) else "")
    if isinstance(answer, dict):
        changing = ("updatedAt", "id", "startsAt") if "matchers" in answer else ("updatedAt",)
        found = {name: plain(value) for name, value in answer.items() if name not in changing}
        if found.get("silencedBy"):
            found["silencedBy"] = len(found["silencedBy"])
        return found
    return answer


def _is_own(answer: Json) -> bool:
    return isinstance(answer, dict) and answer.get("labels", {}).get("topic") in ("heartbeat", "service")


@pytest.mark.parametrize(
    "path",
    [
        "receivers",
        "alerts",
        "alerts?filter=alertname%3DA&filter=severity!%3Dcritical",
        "alerts?filter=instance%3D~t.%2B",
        "alerts?filter=topic%3D",
        "alerts?filter=topic!%3D",
        "alerts?filter=nothing%3D",
        "alerts?silenced=false",
        "alerts?inhibited=false",
        "alerts?active=false",
        "alerts?active=0&silenced=f",
        "alerts?receiver=email",
        "alerts?receiver=e.*l",
        "alerts?receiver=mail",
        "alerts/groups",
        "alerts/groups?receiver=slack",
        "alerts/groups?filter=alertname%3DA",
        "silences",
        "silences?filter=topic%3D%C3%A9",
        "silences?filter=topic%3Dx",
        "silences?filter=other%3Dx",
    ],
)
def test_the_same_is_answered(both: tuple[str, str], path: str) -> None:
    mine, real = (requests.get(f"{url}/api/v2/{path}", timeout=10) for url in both)
    assert (mine.status_code, mine.headers["Content-Type"]) == (real.status_code, real.headers["Content-Type"])
    assert plain(mine.json()) == plain(real.json())


BAD = [
    ("GET", "alerts?filter=foo", None),
    ("GET", "alerts/groups?filter=foo", None),
    ("GET", "silences?filter=foo", None),
    ("GET", "silence/xyz", None),
    ("GET", "silence/9e1ce025-c37a-477b-9f67-000000000000", None),
    ("POST", "alerts", []),
    ("POST", "alerts", [{"labels": {}}]),
    ("POST", "alerts", [{}]),
    ("POST", "alerts", [{"labels": {"a": "b"}, "startsAt": "2026-01-02T00:00:00Z", "endsAt": "2026-01-01T00:00:00Z"}]),
    ("POST", "alerts", [{"labels": {"a-b": "c"}}, {"labels": {"c": ""}}]),
    ("POST", "silences", silence(endsAt="2026-11-26T06:00:00Z")),
    ("POST", "silences", silence(startsAt="2020-01-01T00:00:00Z", endsAt="2021-01-01T00:00:00Z")),
    ("POST", "silences", silence(matchers=[])),
    ("POST", "silences", silence(id="9e1ce025-c37a-477b-9f67-000000000000")),
    ("POST", "silences", {"matchers": [{"name": "a", "value": "b", "isRegex": False}]}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), BAD, ids=[f"{m} {p} {i}" for i, (m, p, _) in enumerate(BAD)])
def test_the_same_is_refused(both: tuple[str, str], method: str, path: str, body: Json) -> None:
    mine, real = (requests.request(method, f"{url}/api/v2/{path}", json=body, timeout=10) for url in both)
    assert mine.status_code == real.status_code
    assert mine.text == real.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("alerts", b"nonsense"),
        ("alerts", b'{"x": 1}'),
        ("alerts", b'[{"labels": {"a": 1}}]'),
        ("alerts", b'[{"labels": {"a": "b"}, "startsAt": "yesterday"}]'),
        ("silences", b"[]"),
        ("silences", json.dumps(silence(matchers=[{"name": "a", "value": "(", "isRegex": True}])).encode()),
        ("silences", json.dumps(silence(matchers=[{"name": "a", "value": "", "isRegex": False}])).encode()),
        ("silences", json.dumps(silence(endsAt="tomorrow")).encode()),
    ],
)
def test_what_can_not_be_read_has_the_same_status(both: tuple[str, str], path: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    mine, real = (requests.post(f"{url}/api/v2/{path}", data=body, headers=headers, timeout=10) for url in both)
    assert mine.status_code == real.status_code == 400


def test_another_media_type_is_refused(both: tuple[str, str]) -> None:
    mine, real = (requests.post(f"{url}/api/v2/alerts", data=b"[]", timeout=10) for url in both)
    assert mine.status_code == real.status_code == 415


# --- amtool


def test_amtool_sees_the_alerts_of_the_rules(ours: str) -> None:
    def seen() -> str:
        return amtool(ours, "alert", "query", "alertname=Watchdog")

    servers.wait_until(lambda: "Alerting works" in seen(), "Watchdog fires")


def test_amtool_silences_changes_and_ends(ours: str) -> None:
    adding = ("silence", "add", "alertname=Watchdog", "--comment=quiet", "--author=Ada", "--duration=1h")
    made = amtool(ours, *adding).strip()
    assert made in amtool(ours, "silence", "query", "alertname=Watchdog")
    assert "Watchdog" not in amtool(ours, "alert", "query")
    assert "Watchdog" in amtool(ours, "alert", "query", "--silenced")
    changed = amtool(ours, "silence", "update", made, "--duration=2h", "--comment=longer", "-o", "json")
    assert json.loads(changed)[0]["comment"] == "longer"
    # Ended ones and their successors alike.
    for each in amtool(ours, "silence", "query", "-q", "alertname=Watchdog").split():
        amtool(ours, "silence", "expire", each)
    assert amtool(ours, "silence", "query", "-q", "alertname=Watchdog") == ""
    assert "Watchdog" in amtool(ours, "alert", "query")
    assert made in amtool(ours, "silence", "query", "--expired", "-q")


def test_amtool_takes_over_the_silences_of_an_alertmanager(both: tuple[str, str]) -> None:
    mine, real = both
    taken = amtool(real, "silence", "query", "-o", "json")
    command = [servers.require("amtool"), f"--alertmanager.url={mine}", "--no-version-check", "silence", "import", "-f"]
    subprocess.run(command, input=taken, check=True, capture_output=True, text=True, timeout=30)
    assert len(json.loads(amtool(mine, "silence", "query", "-o", "json", "topic=~é"))) == 2


def test_amtool_reads_the_routes(both: tuple[str, str]) -> None:
    mine, real = both
    for question in (["config", "routes"], ["config", "routes", "test", "severity=critical"], ["cluster", "show"]):
        assert amtool(mine, *question) == amtool(real, *question)


def test_an_alert_that_is_posted_ends_when_nobody_repeats_it(ours: str) -> None:
    amtool(ours, "alert", "add", "alertname=Short", f"--end={time.strftime('%FT%TZ', time.gmtime(time.time() + 2))}")
    assert "Short" in amtool(ours, "alert", "query", "alertname=Short")
    servers.wait_until(lambda: "Short" not in amtool(ours, "alert", "query", "alertname=Short"), "it is over")


def test_promtool_queries_the_app(ours: str) -> None:
    command = [servers.require("promtool"), "query", "instant", ours, "vector(1)"]
    assert "=> 1 @" in subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout


# --- real programs at the other end


def test_a_real_alertmanager_sends_its_webhook(ours: str) -> None:
    program = servers.require("alertmanager")
    config = f"""
route: {{receiver: app, group_wait: 0s, group_interval: 1s}}
receivers:
  - name: app
    webhook_configs: [{{url: "{ours}/api/alerts/webhook"}}]
"""
    with servers.scratch_folder() as folder:
        (folder / "am.yml").write_text(config, encoding="utf-8")
        port = servers.free_port()
        command = [program, f"--config.file={folder}/am.yml", f"--storage.path={folder}"]
        command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
        with servers.Server(command, port=port, log=folder / "log"):
            url = f"http://127.0.0.1:{port}"
            amtool(url, "alert", "add", "alertname=Outside", "severity=critical", "--annotation=summary=over there")
            servers.wait_until(lambda: states(ours, "Outside") == ["firing"], "the app shows it")
            amtool(url, "alert", "add", "alertname=Outside", "severity=critical", f"--end={now()}")
            servers.wait_until(lambda: states(ours, "Outside") == ["resolved"], "the app shows its end")
    (incident,) = [
        each
        for each in requests.get(f"{ours}/api/alerts/history", timeout=10).json()["incidents"]
        if each["name"] == "Outside"
    ]
    assert incident["resolved_at"] is not None
    # It told its own receivers; amtool asks for what is told from here.
    assert "Outside" not in amtool(ours, "alert", "query")


def test_a_real_prometheus_posts_its_alerts(ours: str) -> None:
    program = servers.require("prometheus")
    config = f"""
global: {{evaluation_interval: 5s}}
rule_files: [rules.yml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["{ours.removeprefix("http://")}"]}}]}}]}}
"""
    rules = "groups: [{name: g, rules: [{alert: Elsewhere, expr: vector(7), labels: {severity: warning}}]}]"
    with servers.scratch_folder() as folder:
        (folder / "prometheus.yml").write_text(config, encoding="utf-8")
        (folder / "rules.yml").write_text(rules, encoding="utf-8")
        port = servers.free_port()
        command = [program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        # What it says before it has found its Alertmanager is lost, and said again after this delay.
        command += [f"--web.listen-address=127.0.0.1:{port}", "--rules.alert.resend-delay=1s"]
        with servers.Server(command, port=port, log=folder / "log"):
            servers.wait_until(lambda: states(ours, "Elsewhere") == ["firing"], "the app shows it")
            # Asked while Prometheus still repeats it: what it no longer repeats ends after four of its intervals.
            # Alerts of other tests may inhibit it.
            assert "Elsewhere" in amtool(ours, "alert", "query", "--inhibited", "severity=warning")


def states(url: str, name: str) -> list[str]:
    alerts = requests.get(f"{url}/api/alerts", timeout=10).json()["alerts"]
    return [each["state"] for each in alerts if each["name"] == name]


def now() -> str:
    return time.strftime("%FT%TZ", time.gmtime())
