"""The WebSocket of live figures: one sender thread computes, every client has a short queue of its own."""

from __future__ import annotations

import contextlib
import logging
import queue
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import orjson
from flask import Flask, request
from flask_sock import Sock
from simple_websocket import Server

from app.api.errors import ApiError
from app.auth.current import credential
from app.auth.permissions import Need
from app.services import Services
from data.access.sessions import SessionsAway
from data.record import RecordUnavailable
from data.times import now_micros, to_iso

log = logging.getLogger(__name__)

PATH = "/api/dashboard/ws/real-time"
_MOST_CLIENTS = 210  # each holds one of the 256 threads of app/server.py
_RETRY_SECONDS = 60
_QUEUED = 4
_LOOK_SECONDS = 1.0
#: The code for a connection that goes against a policy (RFC 6455).
_SIGNED_OUT = 1008
#: And for a server that can't do it at present (IANA's registry of WebSocket close codes).
_TRY_AGAIN = 1013


class Broadcaster:
    """Sends the snapshot to all clients when it changed, and at least every `refresh_seconds`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._clients: dict[Server, queue.Queue[str | None]] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="realtime-broadcaster", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and let the clients go."""
        self._stopping.set()
        self._thread.join(timeout=2)
        with self._lock:
            for waiting in self._clients.values():
                with contextlib.suppress(queue.Full):
                    waiting.put_nowait(None)

    def serve(self, client: Server, may_listen: Callable[[], bool]) -> None:
        """Feed one client until it leaves or may no longer; runs in the client's request thread."""
        waiting: queue.Queue[str | None] = queue.Queue(maxsize=_QUEUED)
        # Small, so that a reader that stopped reading is noticed after a few messages.
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        with self._lock:
            self._clients[client] = waiting
            self._services.metrics.websocket_clients.set(len(self._clients))
        try:
            with contextlib.suppress(RecordUnavailable):
                client.send(_text(self._figures()))
            while client.connected and not self._stopping.is_set():
                try:
                    message = waiting.get(timeout=_LOOK_SECONDS)
                except queue.Empty:
                    continue
                if message is None:
                    return
                try:
                    signed_in = may_listen()
                except (RecordUnavailable, SessionsAway):
                    client.close(_TRY_AGAIN, "nobody can be recognised now")
                    return
                if not signed_in:
                    client.close(_SIGNED_OUT, "signed out")
                    return
                client.send(message)
        finally:
            self._forget(client)

    def _figures(self) -> dict[str, Any]:
        snapshot = self._services.snapshot()
        del snapshot["last_updated"]
        return snapshot

    def _forget(self, client: Server) -> None:
        with self._lock:
            self._clients.pop(client, None)
            self._services.metrics.websocket_clients.set(len(self._clients))

    def _run(self) -> None:
        sent: dict[str, Any] = {}
        sent_at = 0.0
        while not self._stopping.wait(_LOOK_SECONDS):
            if not self._clients:
                continue
            try:
                figures = self._figures()
            except RecordUnavailable as error:
                log.warning("no live figures: %s", error)
                continue
            except Exception:  # the thread must outlive a failure; the next round tries again
                log.exception("live figures failed")
                continue
            due = time.monotonic() - sent_at >= self._services.settings.refresh_seconds - _LOOK_SECONDS
            if figures != sent or due:
                sent, sent_at = figures, time.monotonic()
                self._send(_text(figures))

    def _send(self, message: str) -> None:
        with self._lock:
            clients = list(self._clients.items())
        for client, waiting in clients:
            try:
                waiting.put_nowait(message)
            except queue.Full:
                # Its thread hangs in a send that the reader does not take: only closing the socket frees it.
                log.info("a real-time client that stopped reading is dropped")
                self._forget(client)
                with contextlib.suppress(OSError):
                    client.sock.shutdown(socket.SHUT_RDWR)

    @property
    def full(self) -> bool:
        """Whether no more clients are taken."""
        return len(self._clients) >= _MOST_CLIENTS


def _text(figures: dict[str, Any]) -> str:
    return orjson.dumps(figures | {"timestamp": to_iso(now_micros())}).decode()


def register(server: Flask, broadcaster: Broadcaster) -> None:
    """Route the WebSocket."""
    server.config["SOCK_SERVER_OPTIONS"] = {"ping_interval": 5, "max_message_size": 4096}
    sock = Sock(server)

    @server.before_request
    def make_room() -> None:
        if request.path == PATH and broadcaster.full:
            message = "Too many real-time clients; poll /api/dashboard/metrics instead."
            raise ApiError(503, "overloaded", message, retry_after=_RETRY_SECONDS)

    @sock.route(PATH)
    def real_time(client: Server) -> None:
        who = credential()
        broadcaster.serve(client, lambda: (found := who()) is not None and found.may(Need.READ))
