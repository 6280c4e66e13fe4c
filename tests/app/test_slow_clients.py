"""Promise 13: clients of the real-time socket that never read harm no other, and are let go."""

from __future__ import annotations

import base64
import os
import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import websocket

from tests.app.conftest import Program, call, run_program, stop_program
from tests.servers import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

READERS, SLEEPERS = 180, 20
PATH = "/api/dashboard/ws/real-time"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    running = run_program(tmp_path, "serve", REFRESH_SECONDS="5", log=tmp_path / "log")
    yield running
    stop_program(running)


class Readers:
    """Clients that read all that comes, and answer pings, in one thread."""

    def __init__(self, program: Program, number: int) -> None:
        url = program.url(PATH).replace("http", "ws")
        made = [websocket.create_connection(url, timeout=30) for _ in range(number)]
        self._clients = {each.sock: each for each in made if each.sock is not None}
        self.last = dict.fromkeys(self._clients, "")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            for each in select.select(list(self._clients), [], [], 0.2)[0]:
                kind, content = self._clients[each].recv_data(control_frame=True)
                if kind == websocket.ABNF.OPCODE_TEXT:
                    self.last[each] = content.decode()

    def close(self) -> None:
        self._stopping.set()
        self._thread.join()
        for each in self._clients.values():
            each.close()


def sleeper(program: Program) -> socket.socket:
    """A client that shakes hands and then never reads."""
    made = socket.create_connection(("127.0.0.1", program.port), timeout=30)
    key = base64.b64encode(os.urandom(16)).decode()
    made.sendall(
        f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{program.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert made.recv(12) == b"HTTP/1.1 101"
    return made


def clients(program: Program) -> int:
    (line,) = [each for each in program.metrics().splitlines() if each.startswith("voicehive_websocket_clients ")]
    return int(float(line.split()[1]))


def test_those_who_read_hear_of_a_change_and_those_who_do_not_are_let_go(program: Program) -> None:
    readers = Readers(program, READERS)
    asleep = [sleeper(program) for _ in range(SLEEPERS)]
    try:
        assert all('"total_calls":0' in text for text in readers.last.values() if text)
        assert requests.post(program.url("/api/calls"), json=call("a"), timeout=30).status_code == 201
        wait_until(lambda: all('"total_calls":1' in text for text in readers.last.values()), "all have heard")
        wait_until(lambda: clients(program) == READERS, "those who never read are gone")
        assert program.get("/api/kpis").json()["total_calls"] == 1
    finally:
        readers.close()
        for each in asleep:
            each.close()
