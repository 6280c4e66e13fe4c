"""Promise 12: two instances on one PostgreSQL tell of each alert once, and one goes on where the other died."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.annotations import expand
from alerts.notifier import Notifier
from alerts.running import Rules
from alerts.states import State
from data.lease import Lease
from data.migrations import migrate
from data.record import Record
from data.samples.store import SampleStore
from tests.alerts.delivering import FILE
from tests.alerts.hook import Hook
from tests.servers import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(240)]

#: Short, so that the test is: the lease lasts less than two intervals, as in the product.
INTERVAL, LEASE_SECONDS = 1.0, 1.6
RULES = """
groups:
  - name: g
    interval: 1s
    rules:
      - {alert: Hot, expr: heat > 30, for: 1s, annotations: {summary: '{{ $value }}'}}
"""
ALERTS = 100


def instance(url: str, folder: Path, name: str) -> None:
    """Run in a process of its own: samples that are the same everywhere, rules, notifier."""
    record, store = Record(url), SampleStore(folder / f"{name}.sqlite")
    lease = Lease(record, "alerting", name, LEASE_SECONDS)
    rules = Rules(folder / "rules.yml", store, record, expand, lease)
    notifier = Notifier(folder / "am.yml", record, lease, external_url=f"http://{name}", alerts=lambda: rules.alerts)
    rules.on_transitions = notifier.take
    lease.start()
    notifier.start()
    rules.start()
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(1))
    while not stopping:
        hot = int((folder / "hot").read_text() or 0)
        samples: Any = [({"__name__": "heat", "id": str(n)}, 40.0 if n < hot else 20.0) for n in range(ALERTS + 20)]
        store.scraped("rooms", int(time.time() * 1000), samples)
        time.sleep(INTERVAL / 4)
    rules.stop()
    notifier.stop()
    lease.stop()


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as made:
        yield made


def test_two_instances_tell_once_and_one_goes_on_alone(tmp_path: Path, hook: Hook, postgres_database: str) -> None:
    record = Record(postgres_database)
    migrate(record)
    (tmp_path / "rules.yml").write_text(RULES, encoding="utf-8")
    text = FILE.replace("group_by: [alertname]", "group_by: ['...']").format(url=hook.url("/"))
    (tmp_path / "am.yml").write_text(text, encoding="utf-8")

    def heat(count: int) -> None:
        (tmp_path / "new").write_text(str(count))
        (tmp_path / "new").rename(tmp_path / "hot")

    def told(status: str = "firing") -> Counter[int]:
        alerts = [(each.body, alert) for each in hook.requests for alert in each.body["alerts"]]
        return Counter(int(alert["labels"]["id"]) for body, alert in alerts if alert["status"] == status)

    heat(0)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    processes = {
        name: context.Process(target=instance, args=(postgres_database, tmp_path, name), daemon=True)
        for name in ("one", "two")
    }
    for process in processes.values():
        process.start()
    time.sleep(2 * INTERVAL)
    heat(ALERTS)
    wait_until(lambda: len(told()) == ALERTS, "all alerts are told")
    time.sleep(2 * INTERVAL)
    assert set(told().values()) == {1}
    [leader] = {each.body["externalURL"].removeprefix("http://") for each in hook.requests}
    processes[leader].kill()
    heat(ALERTS + 10)
    killed_at = time.time()
    wait_until(lambda: len(told()) == ALERTS + 10, "what began since is told")
    found = Counter(each.body["externalURL"] == f"http://{leader}" for each in hook.requests)
    assert set(told().values()) == {1} and found[False] == 10
    # Two intervals to take over; then the rule waits for one, judged at its beginning and its end.
    first = min(each.at for each in hook.requests if each.body["externalURL"] != f"http://{leader}")
    assert first - killed_at < 2 * INTERVAL + 3 * INTERVAL + 2
    heat(0)
    wait_until(lambda: len(told("resolved")) == ALERTS + 10, "the ends are told, also of what the other one began")
    assert set(told("resolved").values()) == {1}
    [other] = set(processes) - {leader}
    processes[other].terminate()
    processes[other].join(10)
    assert processes[other].exitcode == 0
    record.close()


def test_one_that_does_not_lead_shows_what_the_leader_judged(tmp_path: Path, postgres_database: str) -> None:
    record = Record(postgres_database)
    migrate(record)
    (tmp_path / "rules.yml").write_text(RULES, encoding="utf-8")
    made = []
    for name in ("one", "two"):
        store = SampleStore(tmp_path / f"{name}.sqlite")
        lease = Lease(record, "alerting", name, 30)
        lease.renew()
        made.append((store, Rules(tmp_path / "rules.yml", store, record, expand, lease)))
    now = 1_800_000_000_000
    for second in range(3):
        for store, rules in made[: 1 + (second == 2)]:
            store.scraped("rooms", now + second * 1000, [({"__name__": "heat", "id": "1"}, 40.0)])
            rules.evaluate(now + second * 1000)
    states = [[alert.state for alert in rules.alerts] for _, rules in made]
    assert states == [[State.FIRING], [State.FIRING]]
    record.close()
