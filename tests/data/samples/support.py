"""A target to scrape over real HTTP, and what a store holds."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from data.samples.model import Block, Labels, Matcher, Samples, is_absent, is_stale
from data.samples.targets import Target
from tests.servers import wait_until

#: 2023-11-14 22:13:20 UTC in milliseconds.
T0 = 1_700_000_000_000
STEP = 15_000
FOREVER = 1 << 60


class Exposed:
    """A program with metrics; what it answers can be changed at any time."""

    def __init__(self, text: str = "") -> None:
        self.text: str | bytes = text
        self.status = 200
        self.headers: dict[str, str] = {}
        self.asked: list[str] = []
        self.traceparents: list[str | None] = []
        #: Seconds between two bytes of the answer.
        self.pause = 0.0
        #: Cleared: answers wait until it is set again.
        self.go = threading.Event()
        self.go.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                outer.traceparents.append(self.headers["traceparent"])
                outer.go.wait(30)
                body = outer.text if isinstance(outer.text, bytes) else outer.text.encode()
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    for part in (body[n : n + 1] for n in range(len(body))) if outer.pause else [body]:
                        self.wfile.write(part)
                        time.sleep(outer.pause)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def target(self, job: str) -> Target:
        return Target(job, f"http://{self.address}/metrics")

    def close(self) -> None:
        self.go.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def series(name: str = "m", **labels: str) -> Labels:
    return {"__name__": name, **labels}


def everything(store: Samples, *matchers: Matcher) -> list[Block]:
    return store.select(matchers, 0, FOREVER)


def written(store: Samples, *matchers: Matcher) -> dict[str, list[tuple[int, str | float]]]:
    """Each series (`name{label=value,...}`) with its times and values; a stale marker is "stale"."""
    found: dict[str, list[tuple[int, str | float]]] = {}
    for block in everything(store, *matchers):
        assert block.values.flags.c_contiguous
        assert (np.diff(block.times) > 0).all()
        stale, absent = is_stale(block.values), is_absent(block.values)
        for row, labels in enumerate(block.labels):
            assert named(labels) not in found
            found[named(labels)] = [
                (int(at), "stale" if stale[row, column] else float(block.values[row, column]))
                for column, at in enumerate(block.times)
                if not absent[row, column]
            ]
    return found


def named(labels: Labels) -> str:
    rest = ",".join(f"{name}={value}" for name, value in sorted(labels.items()) if name != "__name__")
    return f"{labels['__name__']}{{{rest}}}"


def alive(store: Samples, *matchers: Matcher) -> dict[str, float]:
    """The series whose last sample is no stale marker, with its value."""
    last = {name: samples[-1][1] for name, samples in written(store, *matchers).items()}
    return {name: value for name, value in last.items() if not isinstance(value, str)}


def until_alive(store: Samples, job: str, up: float, since: int = 0) -> None:
    """Wait until a scrape of the job later than `since` has told so."""

    def told() -> bool:
        found = written(store, Matcher("__name__", "=", "up"), Matcher("job", "=", job))
        return any(at > since and value == up for samples in found.values() for at, value in samples[-1:])

    wait_until(told, f"up of {job} is {up:g}")


def ticking(start: float = T0 / 1000, step: float = STEP / 1000) -> Iterator[float]:
    while True:
        yield start
        start += step


def now_ms() -> int:
    return round(time.time() * 1000)
