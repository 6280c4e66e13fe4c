"""Takes samples at each interval: of the process itself, and of the targets it was told of."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import httpx
from prometheus_client import CollectorRegistry

from data.samples.exposition import Samples, of_registry
from data.samples.scrape import ScrapeFailed, scrape
from data.samples.store import SampleStore
from data.samples.targets import OWN_JOB, Target

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 15.0
#: As in Prometheus; a target that takes longer counts as away.
_TIMEOUT_SECONDS = 10.0


@dataclass(slots=True)
class SamplerStats:
    """seconds: what the last round took of the sampler itself. samples, failures: taken and failed since the start."""

    seconds: float = 0.0
    samples: int = 0
    failures: int = 0


class Sampler:
    """Fills a store from a registry and from targets, in a thread of its own.

    instance: the host:port at which the registry is exposed. interval, timeout: seconds. clock: seconds since 1970.
    """

    def __init__(
        self,
        store: SampleStore,
        registry: CollectorRegistry,
        instance: str,
        targets: Sequence[Target] = (),
        *,
        interval: float = INTERVAL_SECONDS,
        timeout: float = _TIMEOUT_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.stats = SamplerStats()
        self._store, self._registry, self._targets = store, registry, targets
        self._own = {"job": OWN_JOB, "instance": instance}
        self._interval, self._timeout, self._clock = interval, timeout, clock
        self._asked: dict[Target, tuple[threading.Thread, int]] = {}
        self._away: set[str] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def start(self) -> None:
        """Take back what an earlier run sampled, and go on in a thread."""
        self._store.open()
        self._thread.start()

    def stop(self) -> None:
        """End the thread and bring the sample file up to date; scrapes under way are given up."""
        self._stopping.set()
        self._thread.join(timeout=3)
        self._store.close()

    def take(self) -> None:
        """Take samples of the process now, ask the targets for theirs, and bring the file up to date.

        Each target answers to a thread of its own, so that one which hangs delays nobody.
        """
        started, at = time.perf_counter(), round(self._clock() * 1000)
        for target in self._targets:
            thread, _ = self._asked.get(target, (None, 0))
            if thread is not None and thread.is_alive():
                self._asked[target] = thread, at
                self._put(target.labels, at, [], self._interval, "it has not answered the last scrape yet")
            else:
                thread = threading.Thread(target=self._ask, args=(target, at), name="scrape", daemon=True)
                self._asked[target] = thread, at
                thread.start()
        self._take_own(at)
        self._store.save()
        self.stats.seconds = time.perf_counter() - started

    def _take_own(self, at: int) -> None:
        started, samples, problem = time.perf_counter(), Samples(), None
        try:
            samples = of_registry(self._registry, self._own)
        except Exception as error:  # noqa: BLE001 - whatever a collector does, `up` has to tell of it
            samples, problem = [], f"{type(error).__name__}: {error}"
        self._put(self._own, at, samples, time.perf_counter() - started, problem)

    def _ask(self, target: Target, at: int) -> None:
        started, samples, problem = time.perf_counter(), Samples(), None
        try:
            samples = scrape(self._client, target, self._timeout)
        except ScrapeFailed as error:
            problem = str(error)
        # Later than the next round it is too late: that one has put the target down as away.
        if self._asked[target][1] == at and not self._stopping.is_set():
            self._put(target.labels, at, samples, time.perf_counter() - started, problem)

    def _put(self, target: dict[str, str], at: int, samples: Samples, seconds: float, problem: str | None) -> None:
        """Store a scrape; where it failed, all series of the target but these three end."""
        about = {
            "up": float(problem is None),
            "scrape_duration_seconds": seconds,
            "scrape_samples_scraped": float(len(samples)),
        }
        source = "{job} at {instance}".format_map(target)
        with self._lock:
            told: Samples = [({"__name__": name, **target}, value) for name, value in about.items()]
            self._store.scraped(source, at, told + samples)
            self.stats.samples += len(samples)
            self.stats.failures += problem is not None
            if problem and source not in self._away:
                log.warning("no samples of %s: %s", source, problem)
                self._away.add(source)
            elif not problem and source in self._away:
                log.info("samples of %s are taken again", source)
                self._away.discard(source)

    @cached_property
    def _client(self) -> httpx.Client:
        # Only where there are targets: it reads the certificates of all authorities, a tenth of a second of the start.
        # The environment's proxies are not for this.
        return httpx.Client(trust_env=False)

    def _run(self) -> None:
        # From a clock that is never set; the first tick is a multiple of the interval on the wall's clock.
        first = time.monotonic() + self._interval - self._clock() % self._interval
        tick = 0
        self.take()
        while not self._stopping.wait(max(first + tick * self._interval - time.monotonic(), 0)):
            self.take()
            tick = next_tick(tick, time.monotonic() - first, self._interval)


def next_tick(last: int, elapsed: float, interval: float) -> int:
    """The number of the tick to wait for; those that were missed meanwhile are left out. Times in seconds."""
    return max(last + 1, int(elapsed // interval) + 1)
