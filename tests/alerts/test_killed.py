"""Promise 3: no notification is lost when the process is killed at any step of it, and at most one comes twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.dispatch import store
from alerts.notifier import Notifier
from alerts.outbox import Outbox
from alerts.record import AlertRecord
from alerts.states import Alert, State
from data.lease import Lease
from data.record import Record
from tests.alerts.delivering import FILE
from tests.alerts.hook import Answer, Hook
from tests.data.support import empty_record
from tests.servers import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

TURNS = 20


class OneRule:
    """A rule whose alert has begun to fire."""

    def __init__(self, number: int) -> None:
        now = int(time.time() * 1000)
        alert = Alert({"alertname": f"A{number}", "id": str(number)}, {}, 1.0, now, State.FIRING, now)
        self.key, self.alerts = "r", {alert.fingerprint: alert}


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def and_die(run: Callable[..., Any]) -> Callable[..., Any]:
    def both(*arguments: Any, **options: Any) -> None:
        run(*arguments, **options)
        die()

    return both


def before_it_is_planned(notifier: Notifier) -> None:
    notifier.take = die  # type: ignore[method-assign]


def while_it_is_written(notifier: Notifier) -> None:
    store.log_notification = die


def once_it_is_written(notifier: Notifier) -> None:
    notifier._write = and_die(notifier._write)  # type: ignore[method-assign]


def once_it_is_claimed(notifier: Notifier) -> None:
    Outbox._try = die  # type: ignore[method-assign]


def before_the_receipt_is_kept(notifier: Notifier) -> None:
    Outbox._store = die  # type: ignore[method-assign]


def once_the_receipt_is_kept(notifier: Notifier) -> None:
    notifier.outbox.on_tried = die


def while_it_is_sent(notifier: Notifier) -> None:
    """The test kills it when the receiver has the request and has not answered."""


STEPS = [
    before_it_is_planned,
    while_it_is_written,
    once_it_is_written,
    once_it_is_claimed,
    while_it_is_sent,
    before_the_receipt_is_kept,
    once_the_receipt_is_kept,
]


def started(url: str, path: Path) -> tuple[Record, Lease, Notifier]:
    record = Record(url)
    lease = Lease(record, "alerting", "one")
    return record, lease, Notifier(path, record, lease, external_url="http://v")


def tell_and_die(url: str, path: Path, step: int, number: int) -> None:
    """Run in a process of its own."""
    record, lease, notifier = started(url, path)
    STEPS[step](notifier)
    lease.start()
    notifier.start()
    notifier.take(AlertRecord(record).save(int(time.time() * 1000), f"g{number}", [OneRule(number)]))
    time.sleep(60)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as made:
        yield made


@pytest.mark.parametrize("step", range(len(STEPS)), ids=[each.__name__ for each in STEPS])
def test_nothing_is_lost_and_at_most_one_comes_twice(tmp_path: Path, hook: Hook, step: int) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "httpcore"])
    url, path = f"sqlite:///{tmp_path / 'calls.db'}", tmp_path / "am.yml"
    path.write_text(FILE.format(url=hook.url("/")), encoding="utf-8")
    empty_record(tmp_path / "calls.db").close()

    def times(number: int) -> int:
        return sum(each.body["alerts"][0]["labels"]["id"] == str(number) for each in hook.requests)

    for number in range(TURNS):
        sending = STEPS[step] is while_it_is_sent
        hook.script("/", *[Answer(hang=0.3)] * sending)
        child = context.Process(target=tell_and_die, args=(url, path, step, number), daemon=True)
        child.start()
        if sending:
            wait_until(lambda: times(number), "the receiver has it")  # noqa: B023
            child.kill()
        child.join(30)
        assert child.exitcode == -signal.SIGKILL
        record, lease, notifier = started(url, path)
        lease.start()
        notifier.start()
        wait_until(lambda: times(number), f"the alert {number} is told")  # noqa: B023
        wait_until(lambda: notifier.waiting()[0] == 0, "nothing is left to send")  # noqa: B023
        notifier.stop()
        lease.stop()
        record.close()
    counts = [times(number) for number in range(TURNS)]
    assert min(counts) >= 1 and max(counts) <= 2, counts
    once = STEPS[step] not in (while_it_is_sent, before_the_receipt_is_kept)
    assert max(counts) == 1 or not once, counts
