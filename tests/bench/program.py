"""The real program in a process of its own, and what it costs."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.servers import Server, free_port

ROOT = Path(__file__).resolve().parents[2]
#: The program must not take settings from the caller's environment.
_OURS = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT")


def environment(var_dir: Path, **more: str) -> dict[str, str]:
    """A plain environment with these run-time files."""
    kept = {name: os.environ[name] for name in _OURS if name in os.environ}
    return kept | {"PYTHONPATH": str(ROOT), "VAR_DIR": str(var_dir), **more}


class App:
    """`serve` or `demo`, ready; `seconds` is how long that took."""

    def __init__(self, command: str, var_dir: Path, *, cwd: Path, **settings: str) -> None:
        self.port = free_port()
        self._settings = settings
        self._var_dir = var_dir
        self._server = Server(
            ["env", "-i", *self._variables(), sys.executable, "-m", "app", command, "--port", str(self.port)],
            port=self.port,
            log=cwd / f"{command}.log",
            ready=self._ready,
            cwd=cwd,
        )
        self.seconds = 0.0

    def _variables(self) -> list[str]:
        given = environment(self._var_dir, PROMETHEUS_PORT=str(free_port()), AUTH="off", **self._settings)
        return [f"{name}={value}" for name, value in given.items()]

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    def processes(self) -> list[psutil.Process]:
        """The program's own process and all that it started."""
        main = psutil.Process(self._server.pid)
        return [main, *main.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """The processor time that its processes have used."""
        return sum(p.cpu_times().user + p.cpu_times().system for p in self.processes())

    def megabytes(self) -> float:
        """Resident memory of its processes; shared pages count once where the system tells them apart."""
        total = 0
        for process in self.processes():
            used = process.memory_full_info()
            total += getattr(used, "pss", used.rss)
        return total / 1e6

    def __enter__(self) -> App:
        started = time.perf_counter()
        self._server.start()
        self.seconds = time.perf_counter() - started
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.stop()


@contextlib.contextmanager
def running(command: str, var_dir: Path, cwd: Path, **settings: str) -> Iterator[App]:
    """The program while the block runs."""
    with App(command, var_dir, cwd=cwd, **settings) as app:
        yield app
