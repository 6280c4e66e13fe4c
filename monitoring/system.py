"""Samples of the machine and of API response times, kept for a day."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import psutil

INTERVAL_SECONDS = 15.0
_KEPT = int(24 * 3600 / INTERVAL_SECONDS)
_REQUESTS_KEPT = 5_000
_REQUESTS_SECONDS = 60.0


class Sample(NamedTuple):
    """The machine at one time (seconds since 1970); response times in milliseconds, None without requests."""

    time: float
    cpu_percent: float
    memory_percent: float
    api_p50_ms: float | None
    api_p95_ms: float | None


class SystemHistory:
    """Takes a sample each 15 s; threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.started = clock()
        self._samples: deque[Sample] = deque(maxlen=_KEPT)
        self._requests: deque[tuple[float, float]] = deque(maxlen=_REQUESTS_KEPT)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="system-sampler", daemon=True)

    def start(self) -> None:
        """Take the first sample and go on in a thread."""
        self.take(cpu_percent=psutil.cpu_percent(interval=0.05))
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join(timeout=2)

    def observe_request(self, seconds: float) -> None:
        """Note how long a request took."""
        self._requests.append((self._clock(), seconds))

    def response_times(self) -> tuple[float, float] | None:
        """Median and 95th percentile of the last minute's requests in milliseconds; None without requests."""
        since = self._clock() - _REQUESTS_SECONDS
        durations = [seconds for at, seconds in list(self._requests) if at >= since]
        if not durations:
            return None
        p50, p95 = np.percentile(durations, [50, 95]) * 1000
        return round(float(p50), 2), round(float(p95), 2)

    def take(self, cpu_percent: float | None = None) -> Sample:
        """Take a sample now."""
        p50, p95 = self.response_times() or (None, None)
        sample = Sample(
            time=self._clock(),
            cpu_percent=psutil.cpu_percent() if cpu_percent is None else cpu_percent,
            memory_percent=psutil.virtual_memory().percent,
            api_p50_ms=p50,
            api_p95_ms=p95,
        )
        self._samples.append(sample)
        return sample

    def now(self) -> Sample:
        """The newest sample."""
        return self._samples[-1] if self._samples else self.take()

    def window(self, start: float, end: float) -> dict[str, list[float | None]]:
        """The samples with start <= time < end, a list a field, oldest first."""
        samples = list(self._samples)
        times = [s.time for s in samples]
        chosen = samples[bisect_left(times, start) : bisect_left(times, end)]
        return {name: [getattr(s, name) for s in chosen] for name in Sample._fields}

    def _run(self) -> None:
        # psutil counts from a thread's own last call; the first gives 0.
        psutil.cpu_percent()
        while not self._stopping.wait(INTERVAL_SECONDS):
            self.take()
