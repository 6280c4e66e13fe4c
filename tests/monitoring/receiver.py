"""A collector that takes spans and log records by OTLP/HTTP, or does not: it refuses, fails or never answers."""

from __future__ import annotations

import contextlib
import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.servers import wait_until


class Received(NamedTuple):
    """A span or log record, and the service that sent it."""

    service: str
    item: Any

    @property
    def attributes(self) -> dict[str, Any]:
        return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in self.item.attributes}


class Receiver:
    """What arrived; `answers` says how: with 200, with 500, or never."""

    def __init__(self, answers: Literal["ok", "error", "never"] = "ok") -> None:
        self.spans: list[Received] = []
        self.logs: list[Received] = []
        self.requests = 0
        self._answers = answers
        self._closed = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Otherwise the answer waits for the acknowledgement of its head.
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests += 1
                if receiver._answers == "never":
                    receiver._closed.wait(60)
                    self.close_connection = True
                    return
                if receiver._answers == "ok":
                    receiver._take(self.path, gzip.decompress(body) if "Content-Encoding" in self.headers else body)
                self.send_response(200 if receiver._answers == "ok" else 500)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        return Handler

    def _take(self, path: str, body: bytes) -> None:
        if path == "/v1/traces":
            groups: Any = ExportTraceServiceRequest.FromString(body).resource_spans
            for group in groups:
                self.spans += [Received(_service(group), one) for scope in group.scope_spans for one in scope.spans]
        elif path == "/v1/logs":
            groups = ExportLogsServiceRequest.FromString(body).resource_logs
            for group in groups:
                self.logs += [Received(_service(group), one) for scope in group.scope_logs for one in scope.log_records]

    def names(self) -> list[str]:
        return [one.item.name for one in self.spans]

    def span(self, name: str, service: str = "") -> Received:
        """The first span of this name; waits for it."""

        def found() -> list[Received]:
            return [one for one in self.spans if one.item.name == name and service in ("", one.service)]

        wait_until(found, f"the span {name!r} arrives, beside {self.names()}")
        return found()[0]

    def __enter__(self) -> Receiver:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()


def _service(group: Any) -> str:
    return next(each.value.string_value for each in group.resource.attributes if each.key == "service.name")


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """A collector as it should be."""
    with Receiver() as receiver:
        yield receiver
