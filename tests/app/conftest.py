"""A wired app for tests: in this process on a fresh store, or as the real program on a free port."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from app.factory import App, create_app
from app.settings import Settings
from tests.conftest import ROOT
from tests.data.support import empty_record
from tests.servers import free_port, wait_until

#: Flask's test client; its answers' `json` may be None by its types, so a test would say so in every line.
Client = Any


def wired(var_dir: Path, **settings: Any) -> App:
    """An app whose writer runs; the other threads stay away. Nobody signs in, unless `auth=True`."""
    record = var_dir / "voicehive.db"
    if "database_url" not in settings and not record.exists():
        empty_record(record).close()
    app = create_app(Settings(var_dir=var_dir, **{"auth": False} | settings))
    app.services.ingest.start()
    return app


def unwired(app: App) -> None:
    app.services.ingest.stop()
    app.services.copy.close()
    app.services.record.close()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = wired(tmp_path)
    yield made
    unwired(made)


@pytest.fixture
def client(app: App) -> Client:
    return app.server.test_client()


@dataclass(frozen=True)
class Program:
    """The real program, serving."""

    process: subprocess.Popen[str]
    port: int
    metrics_port: int
    var_dir: Path

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.url(path), timeout=10, **options)

    def metrics(self) -> str:
        return requests.get(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10).text


def run_program(
    var_dir: Path, *arguments: str, cwd: Path = ROOT, log: Path | None = None, **environment: str
) -> Program:
    """Start `python -m app` and wait until it is ready; `log` takes its standard error.

    Nobody signs in, unless AUTH="on".
    """
    port, metrics_port = free_port(), free_port()
    environ = {"VAR_DIR": str(var_dir), "PORT": str(port), "PROMETHEUS_PORT": str(metrics_port), "AUTH": "off"}
    environ |= environment
    command = [sys.executable, "-m", "app", *arguments]
    environ = os.environ | {"PYTHONPATH": str(ROOT)} | environ
    with log.open("wb") if log else contextlib.nullcontext() as stderr:
        process = subprocess.Popen(command, env=environ, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=stderr)
    program = Program(process, int(environ["PORT"]), metrics_port, var_dir)

    def ready() -> bool:
        assert process.poll() is None, f"the program ended with {process.returncode}"
        try:
            return program.get("/readyz").ok
        except requests.RequestException:
            return False

    wait_until(ready, "the program is ready")
    return program


def stop_program(program: Program) -> int:
    """SIGTERM; the exit code."""
    program.process.terminate()
    return program.process.wait(timeout=10)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The demo, started once a test process."""
    program = run_program(tmp_path_factory.mktemp("demo"), "demo", REFRESH_SECONDS="1")
    yield program
    stop_program(program)


def call(call_id: str, **fields: Any) -> dict[str, Any]:
    """A finished call of a minute that started five minutes ago, or as `fields` say."""
    from data.times import MINUTE, now_micros, to_iso

    start = now_micros() - 5 * MINUTE
    whole = {
        "source": "test",
        "call_id": call_id,
        "direction": "inbound",
        "agent": "roxy",
        "started_at": to_iso(start),
        "answered_at": to_iso(start),
        "ended_at": to_iso(start + MINUTE),
        "status": "success",
    }
    return whole | fields
