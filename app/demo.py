"""The demo's history: generated on the first start, in a store of its own."""

from __future__ import annotations

import subprocess
import sys

from app.settings import Settings


def start_filling(settings: Settings) -> subprocess.Popen[bytes] | None:
    """Generate 60 days of calls in a process of its own, while this one gets ready; None if they are there.

    A history that was left unfinished is thrown away: the demo's store holds nothing else.
    """
    mark = settings.var_dir / "history-complete"
    if mark.exists():
        return None
    for name in ("voicehive.db", "voicehive.db-wal", "voicehive.db-shm", "analytics.duckdb", "analytics.duckdb.wal"):
        (settings.var_dir / name).unlink(missing_ok=True)
    command = [sys.executable, "-m", "data.demo.fill", settings.record_url, str(mark)]
    filling = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - our own program and our own words
    assert filling.stdin is not None
    filling.stdin.write(settings.secret())
    filling.stdin.close()
    return filling
