"""Whether the record answers: asked twice a second, so that a database that hangs costs its callers little.

A connection to a server that stopped answering waits for ever; libpq has no limit for that. The watch notices, cuts the
connections of those who wait already, and everyone else is turned away at once (Record.read, Record.write) until it
answers again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from data.record import Record, RecordFull, RecordUnavailable

#: Together two seconds: so long may a request wait for a record that is away.
_EVERY_SECONDS = 0.5
_PATIENCE_SECONDS = 1.5
_LOOK_SECONDS = 0.2


class Watch:
    """Asks the record in a thread of its own, which another one looks after."""

    def __init__(self, record: Record, clock: Callable[[], float] = time.monotonic) -> None:
        self._record = record
        self._clock = clock
        self._asked_at: float | None = None
        self._error: str | None = None
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name="record-watch", daemon=True),
            threading.Thread(target=self._cut, name="record-cut", daemon=True),
        ]

    def start(self) -> None:
        """Start the threads; from now on the record turns callers away while it does not answer."""
        self._record.away = self.away
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads (one that hangs in the database is left behind)."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=1)

    def away(self) -> str | None:
        """Why the record can't be used; None where it answers, and for the watch itself: it goes on asking."""
        if threading.current_thread() is self._threads[0]:
            return None
        return "the database does not answer" if self._is_hanging() else self._error

    def _is_hanging(self) -> bool:
        asked_at = self._asked_at
        return asked_at is not None and self._clock() - asked_at > _PATIENCE_SECONDS

    def _cut(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            if self._is_hanging():
                self._record.cut()

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY_SECONDS):
            self._asked_at = self._clock()
            try:
                self._record.ping()
                self._error = None
            except (RecordUnavailable, RecordFull) as error:
                self._error = str(error)
            self._asked_at = None
