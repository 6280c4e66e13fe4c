"""A notifier over a record of its own, with a hook at the other end."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alerts.notifier import Notifier
from alerts.record import Transition
from alerts.states import Alert, State
from data.lease import Lease
from tests.alerts.hook import Hook
from tests.data.support import empty_record

FILE = """
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - {{name: hook, webhook_configs: [{{url: '{url}'}}]}}
"""


def now_ms() -> int:
    return int(time.time() * 1000)


def moved(state: State, fired_at: int | None = None, **labels: str) -> Transition:
    """An alert that begins to fire, or is over."""
    at = now_ms()
    alert = Alert(labels, {"summary": f"about {labels.get('id')}"}, 1.0, fired_at or at, state, fired_at or at)
    if state is State.INACTIVE:
        alert.resolved_at = at
    before = State.PENDING if state is State.FIRING else State.FIRING
    return Transition(at, "group", labels["alertname"], alert, before)


class Delivering:
    """Started at once; `text` is the configuration, with {url} for the hook's address."""

    def __init__(self, folder: Path, hook: Hook, text: str = FILE, **options: Any) -> None:
        self.path = folder / "alertmanager.yml"
        self.path.write_text(text.format(url=hook.url("/")), encoding="utf-8")
        self.record = empty_record(folder / "calls.db")
        self._options = options
        self.begin()

    def begin(self) -> None:
        self.lease = Lease(self.record, "alerting", "one")
        self.notifier = Notifier(
            self.path, self.record, self.lease, external_url="http://voicehive.example", **self._options
        )
        self.lease.start()
        self.notifier.start()

    def stop(self) -> None:
        self.notifier.stop()
        self.lease.stop()

    def fire(self, name: str = "A", **labels: str) -> Transition:
        move = moved(State.FIRING, None, alertname=name, **labels)
        self.notifier.take([move])
        return move

    def end(self, move: Transition) -> None:
        fired = move.alert
        self.notifier.take([moved(State.INACTIVE, fired.fired_at, **fired.labels)])

    def close(self) -> None:
        self.stop()
        self.record.close()


Make = Callable[..., Delivering]
