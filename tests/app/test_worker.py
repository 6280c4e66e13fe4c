"""A client that never ends its request, or never takes the answer, does not hold a thread for good."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn

from app import worker
from tests.servers import wait_until


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answers with what came, and much more where it is asked to."""
    came = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [came or b"x" * (50_000_000 if environ["PATH_INFO"] == "/much" else 1)]


@pytest.fixture
def working(monkeypatch: pytest.MonkeyPatch) -> worker.Worker:
    monkeypatch.setattr(worker, "_COMING_SECONDS", 0.2)
    monkeypatch.setattr(worker, "_TAKING_SECONDS", 1)
    config = Config()
    config.set("errorlog", "/dev/null")
    made = worker.Worker(1, 0, [], None, 30, config, Logger(config))
    made.wsgi, made.alive = application, True
    return made


class Connection:
    """A client of the worker, whose other end is handled in a thread as gunicorn does."""

    def __init__(self, working: worker.Worker, sent: bytes) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.client = socket.create_connection(listener.getsockname())
        self._worker, (there, address) = working, listener.accept()
        listener.close()
        self.client.sendall(sent)
        self.thread = threading.Thread(target=self._serve, args=(TConn(working.cfg, there, address, ("", 0)),))
        self.thread.start()

    def _serve(self, conn: Any) -> None:
        self._worker.handle(conn)
        conn.close()

    def answer(self) -> bytes:
        """All that came back."""
        came = b""
        while more := self.client.recv(65536):
            came += more
        return came

    def is_over(self) -> bool:
        """Whether the thread is free again; the worker looks, as it does once a second."""
        self._worker.murder_pending()
        return not self.thread.is_alive()


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9\r\n"


@pytest.mark.parametrize(
    "sent", [b"GET / HT", HEAD, HEAD + b"\r\n", HEAD + b"\r\nhalf"], ids=["line", "head", "none", "half"]
)
def test_a_request_that_does_not_come_to_its_end_is_given_up(working: worker.Worker, sent: bytes) -> None:
    connection = Connection(working, sent)
    wait_until(connection.is_over, "the thread is free")
    connection.client.close()


def test_an_answer_that_nobody_takes_is_given_up(working: worker.Worker) -> None:
    connection = Connection(working, b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
    wait_until(connection.is_over, "the thread is free")
    connection.client.close()


def test_whoever_is_in_time_has_the_answer(working: worker.Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_COMING_SECONDS", 60.0)
    connection = Connection(working, HEAD + b"\r\nin ")
    connection.client.sendall(b"time!!")
    wait_until(connection.is_over, "answered")
    assert b"\r\nin time!!\r\n" in connection.answer()
    connection.client.close()


def test_an_answer_may_take_longer_than_its_request(working: worker.Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a socket of live figures, or a long export."""
    go_on = threading.Event()

    def slow(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        assert go_on.wait(60)
        start_response("200 OK", [])
        return [b"done"]

    working.wsgi = slow
    monkeypatch.setattr(worker, "_COMING_SECONDS", 0.0)
    connection = Connection(working, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    wait_until(lambda: not working._coming, "the request is here")
    assert not connection.is_over()
    go_on.set()
    wait_until(connection.is_over, "answered")
    assert b"\r\ndone\r\n" in connection.answer()
    connection.client.close()
