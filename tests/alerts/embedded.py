"""The embedded pair on given files: sampler, rules and notifier, as the app wires them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry

from alerts.annotations import expand
from alerts.notifier import Notifier
from alerts.running import OFFSET_MS, Rules
from data.lease import Lease
from data.samples.sampler import Sampler
from data.samples.store import SampleStore
from data.samples.targets import Target
from tests.data.support import empty_record


@contextlib.contextmanager
def embedded_pair(rules: Path, routes: Path, url: str, *, job: str, seconds: float, folder: Path) -> Iterator[Notifier]:
    """All running, scraping the url every so many seconds."""
    record = empty_record(folder / "calls.db")
    store = SampleStore(folder / "samples.sqlite")
    lease = Lease(record, "alerting", "one")
    judge = Rules(rules, store, record, expand, lease, offset=OFFSET_MS if seconds > 2 else 300)
    notifier = Notifier(routes, record, lease, external_url="http://voicehive.example", alerts=lambda: judge.alerts)
    judge.on_transitions = notifier.take
    sampler = Sampler(store, CollectorRegistry(), "127.0.0.1:1", (Target(job, url),), interval=seconds, timeout=seconds)
    sampler.start()
    lease.start()
    notifier.start()
    judge.start()
    yield notifier
    judge.stop()
    notifier.stop()
    lease.stop()
    sampler.stop()
    record.close()
