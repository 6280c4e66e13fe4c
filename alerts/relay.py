"""Hands alerts to a real Alertmanager, as Prometheus does: again and again, each time with an end that lies ahead.

Nothing is stored for it: what did not arrive is told again with the next round; what is over, for a quarter of an hour.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from alerts.record import Transition, short
from alerts.states import Alert, State

log = logging.getLogger(__name__)

#: Prometheus' --rules.alert.resend-delay, and how far ahead of it an alert's end is set.
_RESEND_SECONDS = 60.0
_VALID_MS = 4 * 60_000
_RETRY_SECONDS = 5.0
_TIMEOUT_SECONDS = 10.0
_BATCH = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Relay:
    """Posts to one Alertmanager. alerts: those that fire or are over; leads: whether this instance tells."""

    def __init__(
        self, url: str, alerts: Callable[[], Iterable[Alert]], leads: Callable[[], bool], *, external_url: str
    ) -> None:
        self.url = url.rstrip("/")
        #: Why the last round did not arrive; empty if it did.
        self.error = ""
        self._alerts, self._leads, self._external_url = alerts, leads, external_url.rstrip("/")
        self._client = httpx.Client(trust_env=False, timeout=_TIMEOUT_SECONDS)
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a round under way is left behind."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout=2)

    def take(self, moves: Sequence[Transition]) -> None:
        """Something changed: tell at once."""
        if any(State.FIRING in (move.before, move.alert.state) for move in moves):
            self._wake.set()

    def send(self, now: int) -> None:
        """Tell of all alerts (now: milliseconds); raises httpx.HTTPError."""
        told = [_as_json(each, now, self._external_url) for each in self._alerts() if each.fired_at is not None]
        for first in range(0, len(told), _BATCH):
            answer = self._client.post(f"{self.url}/api/v2/alerts", json=told[first : first + _BATCH])
            answer.raise_for_status()

    def _run(self) -> None:
        while not self._stopping.is_set():
            seconds = _RESEND_SECONDS
            try:
                if self._leads():
                    self.send(int(time.time() * 1000))
                else:
                    seconds = 1.0
                if self.error:
                    log.info("the Alertmanager at %s takes alerts again", self.url)
                self.error = ""
            except httpx.HTTPError as error:
                if not self.error:
                    log.error("the Alertmanager at %s does not take alerts: %s", self.url, error)
                self.error, seconds = str(error) or type(error).__name__, _RETRY_SECONDS
            except Exception:  # alerts are told whatever one round met
                log.exception("a round of alerts for the Alertmanager failed")
                seconds = _RETRY_SECONDS
            self._wake.wait(seconds)
            self._wake.clear()


def _as_json(alert: Alert, now: int, external_url: str) -> dict[str, Any]:
    ends_at = alert.resolved_at if alert.state is State.INACTIVE and alert.resolved_at else now + _VALID_MS
    return {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": _time(alert.fired_at or now),
        "endsAt": _time(ends_at),
        "generatorURL": f"{external_url}/alerts?fingerprint={short(alert.labels)}",
    }


def _time(milliseconds: int) -> str:
    return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds")
