"""Whether the record answers: asked once a second, so that a database that hangs costs its callers nothing.

A connection to a server that stopped answering waits for ever; libpq has no limit for that. The watch notices, and
everyone else is turned away at once (Record.read, Record.write) until it answers again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from data.record import Record, RecordFull, RecordUnavailable

_EVERY_SECONDS = 1.0
_PATIENCE_SECONDS = 2.0


class Watch:
    """Asks the record in a thread of its own."""

    def __init__(self, record: Record, clock: Callable[[], float] = time.monotonic) -> None:
        self._record = record
        self._clock = clock
        self._asked_at: float | None = None
        self._error: str | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="record-watch", daemon=True)

    def start(self) -> None:
        """Start the thread; from now on the record turns callers away while it does not answer."""
        self._record.away = self.away
        self._thread.start()

    def stop(self) -> None:
        """End the thread (one that hangs in the database is left behind)."""
        self._stopping.set()
        self._thread.join(timeout=1)

    def away(self) -> str | None:
        """Why the record can't be used; None where it answers."""
        asked_at = self._asked_at
        if asked_at is not None and self._clock() - asked_at > _PATIENCE_SECONDS:
            return "the database does not answer"
        return self._error

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY_SECONDS):
            self._asked_at = self._clock()
            try:
                self._record.ping()
                self._error = None
            except (RecordUnavailable, RecordFull) as error:
                self._error = str(error)
            self._asked_at = None
