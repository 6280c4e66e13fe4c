"""A few queries run at a time, each for a few seconds at most: one that runs away delays nobody for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.api.prometheus.envelope import QueryFailed

#: A query that is stopped is answered within 5 s: what it is at then takes a moment.
LONGEST_MS = 4_000
# One that is slow leaves a way for the others. Each takes a core, and some hundred megabytes of interim results.
_TURNS = threading.BoundedSemaphore(2)


@contextmanager
def turn(millis: int = LONGEST_MS) -> Iterator[Callable[[], bool]]:
    """Wait for a turn, and give it back afterwards; yields what tells whether the time, waiting included, is over."""
    deadline = time.monotonic() + min(millis, LONGEST_MS) / 1000
    if not _TURNS.acquire(timeout=max(deadline - time.monotonic(), 0)):
        raise QueryFailed("timeout", "query timed out in query queue: other queries are running")
    try:
        yield lambda: time.monotonic() > deadline
    finally:
        _TURNS.release()
