"""A server that speaks as much of S3 as putting files needs, knows one key, and keeps what is put."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from pydantic import SecretStr

KEY, SECRET, BUCKET = "key", "sec/ret", "reports"


@dataclass
class Bucket:
    """Its port, and by path what was put, as it was sent, with the signature."""

    port: int = 0
    kept: dict[str, tuple[bytes, str]] = field(default_factory=dict)

    def address(self, path: str = f"{BUCKET}/calls", key: str = KEY) -> SecretStr:
        """As REPORT_BUCKET_URL has it."""
        return SecretStr(f"http://{key}:{SECRET.replace('/', '%2F')}@127.0.0.1:{self.port}/{path}")


@contextmanager
def bucket() -> Iterator[Bucket]:
    found = Bucket()
    server = HTTPServer(("127.0.0.1", 0), _handler(found))
    found.port = server.server_port
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(found: Bucket) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b'<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>')

        def do_HEAD(self) -> None:
            self._answer(b"")

        def do_PUT(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if self._answer(b"", ETag='"1"'):
                found.kept[self.path] = (content, self.headers["Authorization"])

        def _answer(self, body: bytes, **headers: str) -> bool:
            """Whether it is let in, to a bucket that is there."""
            status, code = 200, ""
            if f"Credential={KEY}/" not in self.headers.get("Authorization", ""):
                status, code = 403, "InvalidAccessKeyId"
            elif self.path.strip("/").partition("?")[0].split("/")[0] != BUCKET:
                status, code = 404, "NoSuchBucket"
            if code:
                body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
            return not code

        def log_message(self, *_: object) -> None:
            pass

    return Handler
