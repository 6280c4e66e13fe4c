"""The real program: how it starts, refuses to start, serves and stops."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import websocket

from tests.app.conftest import Program, call, run_program, stop_program
from tests.conftest import ROOT
from tests.servers import PATIENCE, free_port, wait_until


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    running = run_program(tmp_path_factory.mktemp("serve"), "serve", REFRESH_SECONDS="1")
    yield running
    stop_program(running)


def voicehive(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        env=os.environ | environment,
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=30,
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("TIMEZONE", "Mars/Base"),
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "postgresql+psycopg://calls@127.0.0.1:port/calls"),
        ("REFRESH_SECONDS", "0"),
        ("ENVIRONMENT", "staging"),
        ("SECRET_KEY", "short"),
        ("HOST", "0.0.0.0"),
        ("JAEGER_HOST", "http://jaeger:4318"),
    ],
)
def test_a_bad_setting_stops_the_start_naming_its_key(tmp_path: Path, key: str, value: str) -> None:
    done = voicehive("serve", VAR_DIR=str(tmp_path), **{key: value})
    assert done.returncode == 2
    assert done.stderr.startswith(f"voicehive: {key}: ")
    assert done.stderr.count("\n") == 1


def test_production_asks_for_a_secret(tmp_path: Path) -> None:
    done = voicehive("serve", VAR_DIR=str(tmp_path), ENVIRONMENT="production")
    assert (done.returncode, "SECRET_KEY: required" in done.stderr) == (2, True)


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    done = voicehive("serve", VAR_DIR=str(tmp_path), SECRET_KEY_FILE=str(tmp_path / "none"))
    assert (done.returncode, "SECRET_KEY_FILE: can't read" in done.stderr) == (2, True)


@pytest.mark.parametrize("key", ["PORT", "PROMETHEUS_PORT"])
def test_a_taken_port_is_named(tmp_path: Path, key: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = {"PORT": str(free_port()), "PROMETHEUS_PORT": str(free_port()), key: str(taken.getsockname()[1])}
        done = voicehive("serve", VAR_DIR=str(tmp_path), **ports)
    assert done.returncode == 2
    assert done.stderr.startswith(f"voicehive: {key}: can't listen on")


def test_an_unreachable_database_stops_the_start(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none"
    done = voicehive(
        "serve", VAR_DIR=str(tmp_path), DATABASE_URL=url, PORT=str(free_port()), PROMETHEUS_PORT=str(free_port())
    )
    assert done.returncode == 2
    assert done.stderr.startswith("voicehive: DATABASE_URL: connection failed")
    assert done.stderr.count("\n") == 1


def test_a_damaged_database_is_set_aside_and_the_way_back_is_named(tmp_path: Path) -> None:
    """Promise 7."""
    (tmp_path / "voicehive.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 50_000)
    program = run_program(tmp_path, "serve", log=tmp_path / "log")
    try:
        (aside,) = tmp_path.glob("voicehive.db.damaged-*")
        assert aside.read_bytes().endswith(b"\xff" * 50_000)
        log = (tmp_path / "log").read_text()
        assert str(aside) in log
        assert "-m app restore DIR --force" in log
        assert program.get("/api/dashboard/metrics").json()["system_health"] == "critical"
        assert requests.post(program.url("/api/calls"), json=call("a"), timeout=10).json()["accepted"] == 1
    finally:
        stop_program(program)


def test_a_damaged_file_that_is_named_is_left_where_it_is(tmp_path: Path) -> None:
    mine = tmp_path / "notes.txt"
    mine.write_text("no database\n" * 1_000)
    done = voicehive(
        "serve",
        VAR_DIR=str(tmp_path / "var"),
        DATABASE_URL=f"sqlite:///{mine}",
        PORT=str(free_port()),
        PROMETHEUS_PORT=str(free_port()),
    )
    assert done.returncode == 2
    assert done.stderr.startswith("voicehive: DATABASE_URL: file is not a database; to bring back a backup type: ")
    assert done.stderr.count("\n") == 1
    assert mine.read_text().startswith("no database")


def imported(code: str) -> set[str]:
    """The packages that a process holds after this."""
    command = [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"]
    found = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True, timeout=60)
    return {name.partition(".")[0] for name in found.stdout.split()}


def test_each_process_imports_only_what_it_needs() -> None:
    """Each of these takes megabytes: one process only watches, and of what the other serves some is rare."""
    watching = imported("import app.commands.serving, app.server; from app.settings import load; load(env_file=None)")
    assert watching.isdisjoint({"numpy", "pandas", "duckdb", "sqlalchemy", "flask", "dash", "plotly", "httpx"})
    serving = imported("import app.server, app.runtime")
    assert serving.isdisjoint({"cryptography", "jwt", "authlib", "xlsxwriter", "alembic", "minio"})


def test_the_secret_key_is_drawn_once_for_its_owner_only(program: Program) -> None:
    key = program.var_dir / "secret.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_text()) == 64


def test_a_posted_call_reaches_the_exporter(program: Program) -> None:
    assert requests.post(program.url("/api/calls"), json=call("m", agent="mia"), timeout=10).status_code == 201
    metrics = program.metrics()
    assert 'voicehive_calls_total{agent="mia",status="success"} 1.0' in metrics
    assert "process_resident_memory_bytes" in metrics


def test_the_real_time_socket_speaks_at_once_and_after_a_change(program: Program) -> None:
    client = websocket.create_connection(program.url("/api/dashboard/ws/real-time").replace("http", "ws"), timeout=10)
    first = json.loads(client.recv())
    assert {"total_calls", "active_calls", "success_rate", "timestamp"} <= set(first)
    requests.post(program.url("/api/calls"), json=call("ws"), timeout=10)
    deadline = time.monotonic() + PATIENCE
    while (seen := json.loads(client.recv()))["total_calls"] == first["total_calls"]:
        assert time.monotonic() < deadline
    assert seen["total_calls"] == first["total_calls"] + 1
    client.close()


def test_the_real_time_socket_is_closed_to_other_sites(program: Program) -> None:
    url = program.url("/api/dashboard/ws/real-time").replace("http", "ws")
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        websocket.create_connection(url, origin="https://evil.example", timeout=10)


def test_an_import_beside_the_server_shows_at_once(program: Program, tmp_path: Path) -> None:
    before = program.get("/api/kpis").json()["total_calls"]
    path = tmp_path / "calls.jsonl"
    path.write_text("\n".join(json.dumps(call(f"i{i}")) for i in range(30)) + '\n{"call_id": "x"}\n')
    done = voicehive("import", str(path), VAR_DIR=str(program.var_dir))
    assert done.returncode == 3
    assert "30 new" in done.stdout
    assert program.get("/api/kpis").json()["total_calls"] == before + 30
    assert voicehive("import", str(path), VAR_DIR=str(program.var_dir)).stdout.count("30 already there") == 1
    assert (tmp_path / "calls.jsonl.rejects.csv").exists()


def test_static_files_are_compressed_and_kept(program: Program) -> None:
    page = program.get("/").text
    script = next(part.split('"')[0] for part in page.split('src="') if "plotly" in part.split('"')[0])
    answer = program.get(script, headers={"Accept-Encoding": "br"}, stream=True)
    assert answer.headers["Content-Encoding"] == "br"
    assert "immutable" in answer.headers["Cache-Control"]


def test_it_stops_within_five_seconds_with_clients_connected(tmp_path: Path) -> None:
    program = run_program(tmp_path, "serve")
    client = websocket.create_connection(program.url("/api/dashboard/ws/real-time").replace("http", "ws"), timeout=10)
    client.recv()
    started = time.monotonic()
    assert stop_program(program) == 0
    assert time.monotonic() - started < 5
    assert not (tmp_path / "voicehive.db-wal").exists()


def test_the_demo_has_sixty_days_and_goes_on(demo: Program) -> None:
    wait_until(lambda: (demo.var_dir / "demo" / "history-complete").exists(), "the history is complete")
    kpis = demo.get("/api/kpis?from=now-61d").json()
    assert 55_000 < kpis["total_calls"] < 65_000
    newest = demo.get("/api/calls?limit=1").json()["calls"][0]
    assert newest["call_id"].startswith("live-")


def test_calls_of_a_known_agent_count_from_the_first_one_after_a_start(tmp_path: Path) -> None:
    first = run_program(tmp_path, "serve")
    requests.post(first.url("/api/calls"), json=call("c1", agent="roxy"), timeout=10)
    stop_program(first)
    again = run_program(tmp_path, "serve")
    exposed = again.metrics()
    stop_program(again)
    for status in ("success", "error"):
        assert f'voicehive_calls_total{{agent="roxy",status="{status}"}} 0.0' in exposed
