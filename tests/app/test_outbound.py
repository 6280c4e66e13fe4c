"""Whatever a page is given as an address, nothing inside this network is asked."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpcore
import httpx
import pytest

from app import outbound

HERE = [ipaddress.ip_network("127.0.0.0/8")]


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """A server of this machine: /to?<address> leads elsewhere; it counts who was let in."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.server.asked.append(self.path)  # type: ignore[attr-defined]
            where = self.path.removeprefix("/to?") if self.path.startswith("/to?") else ""
            self.send_response(302 if where else 200)
            if where:
                self.send_header("Location", where)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.asked = []  # type: ignore[attr-defined]
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "10.0.0.7", "192.168.1.1", "172.16.9.9", "169.254.169.254", "0.0.0.0",
     "100.64.0.1", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fd00::1]", "[fe80::1]",
     "2130706433", "0x7f.1", "127.1", "224.0.0.1"],
)  # fmt: skip
def test_addresses_inside_are_refused(host: str) -> None:
    with (
        outbound.client([], seconds=2) as client,
        pytest.raises(httpx.ConnectError, match=r"private network|looked up"),
    ):
        client.get(f"http://{host}:9/")


def test_nothing_arrives_at_a_server_inside(server: ThreadingHTTPServer) -> None:
    with outbound.client([], seconds=2) as client, pytest.raises(httpx.ConnectError):
        client.get(f"http://127.0.0.1:{server.server_port}/")
    assert not server.asked  # type: ignore[attr-defined]


def test_what_the_operator_allows_is_let_through(server: ThreadingHTTPServer) -> None:
    with outbound.client(HERE, seconds=2) as client:
        assert client.get(f"http://127.0.0.1:{server.server_port}/").status_code == 200


def test_a_redirect_leads_nowhere_by_itself_and_inside_never(server: ThreadingHTTPServer) -> None:
    here = f"http://127.0.0.1:{server.server_port}"
    with outbound.client(HERE, seconds=2) as client:
        assert client.get(f"{here}/to?http://169.254.169.254/latest").status_code == 302
        with pytest.raises(httpx.ConnectError, match="private network"):
            client.get(f"{here}/to?http://169.254.169.254/latest", follow_redirects=True)


def test_the_address_that_was_looked_at_is_the_one_that_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is public when it is looked at and private a moment later."""
    answers = iter(["93.184.216.34", "127.0.0.1"])
    real, connected = socket.getaddrinfo, []

    def look_up(host: str, port: int, *args: Any, **more: Any) -> Any:
        return real(next(answers), port, *args, **more)

    def connect(self: httpcore.SyncBackend, host: str, *_: Any) -> httpcore.NetworkStream:
        connected.append(host)
        raise httpcore.ConnectError("not from a test")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    with outbound.client([], seconds=2) as client, pytest.raises(httpx.ConnectError, match="not from a test"):
        client.get("http://rebind.example/")
    assert connected == ["93.184.216.34"]


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "8.8.8.8"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert outbound.is_public(ipaddress.ip_address(address))
