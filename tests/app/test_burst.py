"""Promise 6: of a burst what is acknowledged is stored, and the rest is told when to come again; memory is bounded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from tests.app.conftest import Program, call, run_program, stop_program

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SENDERS, LISTS, CALLS = 16, 6, 2_000
#: What many lists at once take is taken by the first of them, and not again.
MOST_BYTES = 100 * 1024 * 1024


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    running = run_program(tmp_path, "serve", log=tmp_path / "log")
    yield running
    stop_program(running)


def memory(program: Program) -> int:
    return sum(each.memory_info().rss for each in psutil.Process(program.process.pid).children())


def test_what_is_not_refused_is_stored(program: Program) -> None:
    def send(name: str, lists: int) -> list[tuple[int, str | None]]:
        found = []
        with requests.Session() as session:
            for turn in range(lists):
                body = json.dumps([call(f"{name}/{turn}/{n}") for n in range(CALLS)])
                headers = {"Content-Type": "application/json"}
                answer = session.post(program.url("/api/calls"), data=body, headers=headers, timeout=120)
                found.append((answer.status_code, answer.headers.get("Retry-After")))
        return found

    def burst(name: str, lists: int) -> list[tuple[int, str | None]]:
        with ThreadPoolExecutor(SENDERS) as threads:
            sent = [threads.submit(send, f"{name} {n}", lists) for n in range(SENDERS)]
            return [one for each in sent for one in each.result()]

    def total() -> int:
        found: int = program.get("/api/calls?limit=1").json()["total"]
        return found

    first = burst("first", 2)
    before = memory(program)
    second = burst("second", LISTS)
    # Before anybody asks: what the copy then takes for a moment, it takes for as many calls of any day.
    grown = memory(program) - before
    assert set(first + second) <= {(201, None), (503, "1")}
    assert total() == CALLS * sum(status == 201 for status, _ in first + second)
    assert grown < MOST_BYTES
