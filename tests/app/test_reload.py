"""Rules are read anew on SIGHUP: the same process goes on, no request is lost, a bad file changes nothing."""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.app.conftest import Client, Program, run_program, stop_program
from tests.conftest import ROOT
from tests.servers import wait_until


@pytest.fixture
def program(tmp_path: Path) -> Iterator[tuple[Program, Path]]:
    """The program from a folder of its own, whose files may be edited."""
    for name in ("app", "alerts", "data", "monitoring", "assets"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    log = tmp_path / "log"
    running = run_program(tmp_path / "var", "serve", cwd=tmp_path, log=log, PYTHONPATH=str(tmp_path))
    yield running, tmp_path
    stop_program(running)


def alerts(program: Program) -> dict[str, str]:
    groups = program.get("/api/v1/rules").json()["data"]["groups"]
    return {rule["name"]: rule["query"] for group in groups for rule in group["rules"]}


def test_a_signal_reads_the_rules_anew_while_requests_go_on(program: tuple[Program, Path]) -> None:
    running, folder = program
    file, log = folder / "alerts/prometheus-rules.yml", folder / "log"
    codes: list[int] = []
    done = threading.Event()

    def ask() -> None:
        with requests.Session() as session:
            while not done.is_set():
                codes.append(session.get(running.url("/healthz"), timeout=10).status_code)

    asking = threading.Thread(target=ask)
    asking.start()
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("voicehive_database_up == 0", "voicehive_database_up =="), encoding="utf-8")
    running.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "the rules stay as they were" in log.read_text(), "the bad file is told of")
    assert "prometheus-rules.yml:" in log.read_text()
    assert alerts(running)["DatabaseConnectionIssue"] == "voicehive_database_up == 0"
    assert running.get("/api/dashboard/metrics").json()["system_health"] == "degraded"

    file.write_text(text.replace("voicehive_database_up == 0", "voicehive_database_up < 1"), encoding="utf-8")
    running.process.send_signal(signal.SIGHUP)
    wait_until(
        lambda: alerts(running)["DatabaseConnectionIssue"] == "voicehive_database_up < 1",
        "the new rules are in force",
    )
    done.set()
    asking.join(20)
    assert set(codes) == {200}
    assert running.process.poll() is None


def test_the_rules_can_be_read_anew_by_the_api(client: Client, app, tmp_path: Path) -> None:
    answer = client.post("/api/rules/reload")
    assert answer.status_code == 200
    assert answer.json["groups"] > 3
    app.services.rules.path = tmp_path / "rules.yml"
    app.services.rules.path.write_text("groups: [{name: g, rules: [{alert: A, expr: 'up =='}]}]", encoding="utf-8")
    answer = client.post("/api/rules/reload")
    assert answer.status_code == 400
    assert "rules.yml:1: expr: " in answer.json["error"]["message"]
    [problem] = app.services.problems()
    assert "The file of rules can't be used, the old rules go on" in problem.summary
