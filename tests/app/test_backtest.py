"""Backtests by command and by API: over the calls of the record and the samples that were kept."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.factory import App
from data.record import Record
from data.samples.store import SampleStore
from data.writer import apply
from tests.app.conftest import Client
from tests.conftest import ROOT
from tests.data.support import call, empty_record

MINUTE_MS = 60_000
#: Ten calls a minute for two hours, a third of them failing for the last half of the first one.
MINUTES, BAD = 120, range(30, 60)


def fill(record: Record, until: float) -> None:
    begin = int(until) - MINUTES * 60
    events = []
    for number in range(MINUTES * 10):
        at = (begin + 6 * number) * 1_000_000
        status = "error" if number // 10 in BAD and number % 3 == 0 else "success"
        times = {"started_at": at, "answered_at": at, "ended_at": at + 5_000_000, "updated_at": at + 5_000_000}
        events.append(call(f"c{number}", agent="roxy", status=status, duration_seconds=5.0, **times))
    apply(record, events)


def sample_memory(store: SampleStore, until: float) -> None:
    """Memory at 95 % for the last ten minutes, sampled for half an hour."""
    for ago in range(120, -1, -1):
        at = int(until * 1000) - ago * 15_000
        labels = {"__name__": "voicehive_system_memory_usage_percent", "job": "voicehive", "instance": "127.0.0.1:8001"}
        store.scraped("own", at, [(labels, 95.0 if ago <= 40 else 50.0)])


@pytest.fixture
def var_dir(tmp_path: Path) -> Path:
    """A folder as a server that ran left it, or has it open just now."""
    record = empty_record(tmp_path / "voicehive.db")
    now = time.time()
    fill(record, now)
    record.close()
    store = SampleStore(tmp_path / "samples.sqlite")
    store.open()
    sample_memory(store, now)
    store.close()
    return tmp_path


def ran(var_dir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", "rules", "backtest", *words]
    environment = os.environ | {"VAR_DIR": str(var_dir)}
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_tells_what_would_have_fired_and_what_has_no_history(var_dir: Path) -> None:
    lines = ran(var_dir, "--days", "0.1").stdout.splitlines()
    [errors] = [number for number, line in enumerate(lines) if line.startswith("HighErrorRate:")]
    assert lines[errors].startswith("HighErrorRate: would have fired once, ")
    assert "peak 3" in lines[errors + 1]
    [memory] = [number for number, line in enumerate(lines) if line.startswith("CriticalMemoryUsage:")]
    assert lines[memory].startswith("CriticalMemoryUsage: would have fired once, ")
    assert "and still does, peak 95" in lines[memory + 1]
    assert "history only since" in lines[memory + 2]
    assert any(line.startswith("IngestStalled: could not be judged: no history of voicehive_ingest_") for line in lines)


def test_another_threshold_stands_beside_today_s(var_dir: Path) -> None:
    lines = ran(var_dir, "--days", "0.1", "--rule", "HighErrorRate", "--threshold", "50").stdout.splitlines()
    told = [line for line in lines if line.startswith("HighErrorRate")]
    assert told[0].startswith("HighErrorRate: would have fired once, ")
    assert told[1] == "HighErrorRate: with 50 it would not have fired"


def test_another_file_can_be_tried(var_dir: Path) -> None:
    file = var_dir / "mine.yml"
    rule = "{alert: Quiet, expr: 'sum(increase(voicehive_calls_total[5m])) < 1000'}"
    file.write_text("groups: [{name: g, rules: [" + rule + "]}]", encoding="utf-8")
    assert "Quiet: would have fired once" in ran(var_dir, str(file), "--days", "0.05").stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--rule", "Nothing"], 2, "there is no alert called 'Nothing'; there are ServiceDown, "),
        (["--threshold", "3"], 2, "--threshold needs --rule"),
        (["--rule", "Watchdog", "--threshold", "3"], 2, "compared with no number"),
        (["--days", "0"], 2, "--days"),
        (["bad.yml"], 1, "bad.yml:1: "),
    ],
)
def test_bad_usage_is_told_in_a_line(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    (tmp_path / "bad.yml").write_text("groups: 3", encoding="utf-8")
    done = ran(tmp_path, *(str(tmp_path / word) if word == "bad.yml" else word for word in words))
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_record_there_is_nothing_to_judge(tmp_path: Path) -> None:
    done = ran(tmp_path)
    assert done.returncode == 2
    assert "there is no call record yet" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def filled(app: App, client: Client) -> Iterator[Client]:
    fill(app.services.record, time.time())
    return client


def test_the_endpoint_tells_today_s_version_and_the_changed_one(filled: Client) -> None:
    asked = {"rule": "HighErrorRate", "days": 0.1, "threshold": 50}
    answer = filled.post("/api/rules/backtest", json=asked).json
    [today], [after] = answer["today"], answer["changed"]
    assert (today["times"], after["times"]) == (1, 0)
    assert today["sentence"].startswith("would have fired once, ")
    assert after["sentence"] == "would not have fired"
    [interval] = today["intervals"]
    assert interval["start"] < interval["end"]
    assert interval["labels"]["alertname"] == "HighErrorRate"
    assert interval["peak"] > 30
    assert "> 50" in after["expr"]


def test_a_rule_as_it_is_and_one_of_one_s_own(filled: Client) -> None:
    alone = filled.post("/api/rules/backtest", json={"rule": "HighErrorRate", "days": 0.1}).json
    assert alone["changed"] is None
    expr = 'sum(increase(voicehive_calls_total{status="error"}[5m])) > 5'
    own = filled.post("/api/rules/backtest", json={"expr": expr, "for": "2m", "days": 0.1}).json
    assert own["today"] == []
    assert own["changed"][0]["times"] == 1


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("{", 400, "not JSON"),
        ({}, 400, "name a `rule`, or give an `expr`"),
        ({"rule": "Nothing"}, 404, "'Nothing'"),
        ({"rule": "HighErrorRate", "days": 1000}, 400, "days"),
        ({"rule": "HighErrorRate", "expr": "sum("}, 400, "expr: "),
        ({"rule": "HighErrorRate", "for": "soon"}, 400, "for: not a valid duration"),
        ({"expr": "(" * 20_000}, 400, "expr: "),
        ({"expr": "up", "threshold": 3}, 400, "`threshold` changes a `rule`"),
        ({"rule": "HighErrorRate", "lable": 3}, 400, "lable"),
    ],
)
def test_what_can_not_be_judged_is_refused(client: Client, body: Any, status: int, said: str) -> None:
    answer = client.post("/api/rules/backtest", **({"data": body} if isinstance(body, str) else {"json": body}))
    assert answer.status_code == status
    assert said in answer.json["error"]["message"]


def test_one_runs_at_a_time_and_can_be_cancelled(filled: Client, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ask = threading.Event(), app.services.backtests._ask

    def slow(query: Any) -> Any:
        begun.set()
        assert app.services.backtests._given_up.wait(30)
        return ask(query)

    monkeypatch.setattr(app.services.backtests, "_ask", slow)
    answers: list[Any] = []
    asked = {"rule": "HighErrorRate", "days": 0.1}
    other = app.server.test_client()
    thread = threading.Thread(target=lambda: answers.append(other.post("/api/rules/backtest", json=asked)))
    thread.start()
    assert begun.wait(30)
    assert filled.post("/api/rules/backtest", json=asked).status_code == 409
    assert filled.delete("/api/rules/backtest").status_code == 204
    thread.join(30)
    assert answers[0].status_code == 503
    assert "it was cancelled" in answers[0].json["error"]["message"]
    monkeypatch.undo()
    assert filled.post("/api/rules/backtest", json=asked).status_code == 200


def test_one_that_takes_too_long_is_given_up(filled: Client, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.services.backtests, "_longest", 0.0)
    answer = filled.post("/api/rules/backtest", json={"rule": "HighErrorRate"})
    assert answer.status_code == 503
    assert "took longer" in answer.json["error"]["message"]
