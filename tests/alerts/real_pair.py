"""A real Prometheus and a real Alertmanager on given files, and a program whose metrics can be set."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from tests.servers import Server, free_port, require, scratch_folder

Series = tuple[str, tuple[tuple[str, str], ...]]


def series(name: str, **labels: str) -> Series:
    return name, tuple(labels.items())


class Exposed:
    """Metrics on a port; `set` changes several of them between two scrapes, never in the middle of one."""

    def __init__(self) -> None:
        self._values: dict[Series, float] = {}
        exposed = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = exposed.page().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.target = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.target}/metrics"

    def set(self, values: Mapping[Series, float]) -> None:
        self._values = {**self._values, **values}

    def page(self) -> str:
        lines = []
        for (name, labels), value in self._values.items():
            inner = ",".join(f'{key}="{text}"' for key, text in labels)
            lines.append(f"{name}{{{inner}}} {value!r}\n")
        return "".join(lines)

    def __enter__(self) -> Exposed:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True)
class Pair:
    """Where they serve."""

    prometheus: str
    alertmanager: str

    def has_scraped(self, job: str) -> bool:
        found = requests.get(f"{self.prometheus}/api/v1/query", params={"query": f'up{{job="{job}"}}'}, timeout=5)
        return bool(found.ok and found.json()["data"]["result"])


@contextlib.contextmanager
def real_pair(rules: Path, routes: Path, exposed: Exposed, *, job: str, interval: str) -> Iterator[Pair]:
    """Both, ready, scraping what is exposed and judging the rules at the interval."""
    ports = free_port(), free_port()
    with scratch_folder() as folder:
        (folder / "prometheus.yml").write_text(
            f"""
global: {{scrape_interval: {interval}, evaluation_interval: {interval}, scrape_timeout: {interval}}}
rule_files: ['{rules}']
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{ports[1]}']}}]}}]}}
scrape_configs: [{{job_name: {job}, static_configs: [{{targets: ['{exposed.target}']}}]}}]
""",
            encoding="utf-8",
        )
        manager = [require("alertmanager"), f"--config.file={routes}", f"--storage.path={folder / 'am'}"]
        manager += [f"--web.listen-address=127.0.0.1:{ports[1]}", "--cluster.listen-address="]
        judge = [require("prometheus"), f"--config.file={folder / 'prometheus.yml'}"]
        judge += [f"--storage.tsdb.path={folder / 'db'}", f"--web.listen-address=127.0.0.1:{ports[0]}"]

        def ready(port: int) -> bool:
            try:
                return requests.get(f"http://127.0.0.1:{port}/-/ready", timeout=2).ok
            except requests.RequestException:
                return False

        with (
            Server(manager, port=ports[1], log=folder / "am.log", ready=lambda: ready(ports[1])),
            Server(judge, port=ports[0], log=folder / "prom.log", ready=lambda: ready(ports[0])),
        ):
            yield Pair(f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}")
