"""The machine is lost: what the README says brings everything back (promise 18)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from tests.app.conftest import Program, run_program, stop_program
from tests.conftest import ROOT
from tests.data.conftest import made
from tests.servers import wait_until

SPAN = {"from": "2025-12-31T00:00:00Z", "to": "2026-01-02T00:00:00Z"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(170)]


class Ledger:
    """Calls are posted until `stop`; which were acknowledged, in order, with the instant of the answer."""

    def __init__(self, program: Program) -> None:
        self.acknowledged: list[tuple[float, str]] = []
        self._url = program.url("/api/calls")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._stopping.is_set():
            number += 1
            call_id = f"c{number}"
            sent: Any = {"source": "drill", "call_id": call_id, "status": "success", "duration_seconds": number % 60}
            sent |= {"started_at": "2026-01-01T00:00:00Z", "caller": f"+49301{number % 7}", "transcript": "x" * 500}
            try:
                answer = requests.post(self._url, json=sent, timeout=20)
            except requests.ConnectionError:
                return
            assert answer.status_code == 201
            self.acknowledged.append((time.monotonic(), call_id))


def voicehive(*arguments: str, **environment: str) -> None:
    command = [sys.executable, "-m", "app", *arguments]
    done = subprocess.run(command, env=os.environ | environment, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_lost_machine_comes_back_from_its_backup(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    def database(name: str) -> dict[str, Any]:
        if engine == "sqlite":
            return {}
        return {"DATABASE_URL": made(request.getfixturevalue("postgres_url"), name)}

    words = tmp_path / "passphrase"
    words.write_text("correct horse battery staple")
    keys = ["--with-keys", "--passphrase-file", str(words)]
    lost = database("drill_lost")
    first = run_program(tmp_path / "first", "serve", **lost)
    ledger = Ledger(first)
    wait_until(lambda: len(ledger.acknowledged) > 20, "calls have come in")
    began = time.monotonic()
    voicehive("backup", str(tmp_path / "backup"), *keys, VAR_DIR=str(tmp_path / "first"), **lost)
    ended = time.monotonic()
    ledger.stop()
    for worker in psutil.Process(first.process.pid).children(recursive=True):
        worker.kill()
    first.process.kill()
    first.process.wait(timeout=10)
    shutil.rmtree(tmp_path / "first")

    fresh = database("drill_fresh")
    voicehive("restore", str(tmp_path / "backup"), *keys, VAR_DIR=str(tmp_path / "second"), **fresh)
    second = run_program(tmp_path / "second", "serve", **fresh)
    try:
        total = second.get("/api/kpis", params=SPAN).json()["total_calls"]
        before = sum(at <= began for at, _ in ledger.acknowledged)
        # One more may have been stored whose answer came after the backup's end.
        assert before <= total <= sum(at <= ended for at, _ in ledger.acknowledged) + 1
        assert total > 10
        # What is there is what was posted first, without a gap; and it goes on.
        calls = second.get("/api/calls", params={"limit": 1000, "source": "drill"}).json()
        found = {call["call_id"] for call in calls["calls"]}
        assert found == {f"c{n}" for n in range(1, len(found) + 1)}
        same = {"source": "drill", "call_id": "new", "caller": "+493011", "started_at": "2026-01-01T00:00:00Z"}
        assert requests.post(second.url("/api/calls"), json=same, timeout=20).status_code == 201
    finally:
        stop_program(second)
