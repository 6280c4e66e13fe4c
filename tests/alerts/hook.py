"""An HTTP server that takes notifications, or does not: its answers are scripted."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers import wait_until


@dataclass(frozen=True)
class Request:
    """What came: when (seconds since 1970), where, what, and the answer to it."""

    at: float
    path: str
    body: Any
    headers: dict[str, str]
    status: int


@dataclass(frozen=True)
class Answer:
    """How one request is answered: after `hang` seconds; `trickle` sends a byte of the head now and then, for ever."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    hang: float = 0.0
    trickle: bool = False


class Hook:
    """Answers by path: the next one of its script, then 200."""

    def __init__(self, port: int = 0) -> None:
        self.requests: list[Request] = []
        self._scripts: dict[str, list[Answer]] = {}
        self._closed = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def script(self, path: str, *answers: Answer) -> None:
        self._scripts[path] = list(answers)

    def taken(self, path: str = "/") -> list[Request]:
        """What was answered with 2xx there."""
        return [each for each in self.requests if each.path == path and each.status < 300]

    def wait_for(self, count: int, path: str = "/") -> list[Request]:
        """So many taken requests of a path."""
        wait_until(lambda: len(self.taken(path)) >= count, f"{count} notifications at {path}")
        return self.taken(path)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hook = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                at = time.time()
                body = self.rfile.read(int(self.headers["Content-Length"]))
                script = hook._scripts.get(self.path)
                answer = script.pop(0) if script else Answer()
                hook.requests.append(
                    Request(
                        at, self.path, json.loads(body), {n.lower(): v for n, v in self.headers.items()}, answer.status
                    )
                )
                while answer.trickle and not hook._closed.wait(0.3):
                    self.wfile.write(b"H")
                    self.wfile.flush()
                hook._closed.wait(answer.hang)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *args: Any) -> None: ...

        return Handler

    def __enter__(self) -> Hook:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()


def ids(requests: Sequence[Request]) -> list[str]:
    """The alerts of each request by their label `id`; - = resolved."""
    return [
        " ".join(
            ("-" if each["status"] == "resolved" else "") + each["labels"]["id"] for each in request.body["alerts"]
        )
        for request in requests
    ]
