"""Promises 9 and 15: a database that takes connections and never answers costs neither threads nor files, and health
says so."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests
from sqlalchemy import make_url

from tests.app.conftest import Program, call, run_program, stop_program
from tests.app.valve import Valve
from tests.servers import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def valve(postgres_database: str) -> Iterator[Valve]:
    made = Valve(make_url(postgres_database).port or 0)
    yield made
    made.close()


@pytest.fixture
def program(postgres_database: str, valve: Valve, tmp_path: Path) -> Iterator[Program]:
    url = make_url(postgres_database).set(port=valve.port).render_as_string()
    running = run_program(tmp_path, "serve", DATABASE_URL=url, log=tmp_path / "log")
    yield running
    valve.open()
    stop_program(running)


def test_requests_are_turned_away_and_served_again(program: Program, valve: Valve) -> None:
    """Nobody waits until the database answers again: it does so only after all these requests were answered."""

    def asked(path: str) -> int:
        return requests.get(program.url(path), timeout=30).status_code

    def posted(name: str) -> int:
        return requests.post(program.url("/api/calls"), json=call(name), timeout=30).status_code

    assert posted("before") == 201
    valve.shut()
    # Those that come first find connections that seem to be good, or make new ones.
    with ThreadPoolExecutor(50) as threads:
        waiting = [threads.submit(asked, path) for path in ("/readyz", "/api/calls", "/api/dashboard/metrics") * 15]
        waiting += [threads.submit(posted, f"during {n}") for n in range(5)]
        assert {each.result() for each in waiting} == {503}
    assert [asked(path) for path in ("/readyz", "/healthz", "/api/calls", "/api/dashboard/health")] == [
        503,
        200,
        503,
        200,
    ]
    assert sum(each.num_fds() for each in psutil.Process(program.process.pid).children()) < 500
    valve.open()
    wait_until(lambda: asked("/readyz") == 200, "the database is back")
    assert posted("after") == 201
    assert requests.get(program.url("/api/calls/test/before"), timeout=30).json()["status"] == "success"
