"""The demo's history: generated on the first start, in a store of its own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.settings import Settings
    from data.analytics import AnalyticCopy


class Filling:
    """The process that writes the history: the newest calls at once, the others when it is told to go on."""

    def __init__(self, settings: Settings, mark: Path) -> None:
        command = [sys.executable, "-m", "data.demo.fill", settings.record_url, str(mark)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own program and our own words
        assert self._process.stdin is not None and self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self._input.write(settings.secret().hex().encode() + b"\n")
        self._input.flush()

    def await_schema(self) -> None:
        """Wait until it has made the tables: what does that takes 7 MB, which the server need not hold."""
        self._output.readline()
        self._output.close()

    def await_first_calls(self, copy: AnalyticCopy) -> None:
        """Wait until the page has something to show."""
        while self._process.poll() is None and not copy.rows():
            time.sleep(0.02)
            copy.sync()

    def go_on(self) -> None:
        """Let the older history come in, while the page is looked at."""
        with contextlib.suppress(BrokenPipeError):
            self._input.close()
        threading.Thread(target=self._process.wait, name="demo-history", daemon=True).start()


def start_filling(settings: Settings) -> Filling | None:
    """Generate 60 days of calls in a process of its own, while this one gets ready; None if they are there.

    A history that was left unfinished is thrown away: the demo's store holds nothing else.
    """
    mark = settings.var_dir / "history-complete"
    if mark.exists():
        return None
    for name in ("voicehive.db", "voicehive.db-wal", "voicehive.db-shm", "analytics.duckdb", "analytics.duckdb.wal"):
        (settings.var_dir / name).unlink(missing_ok=True)
    return Filling(settings, mark)
