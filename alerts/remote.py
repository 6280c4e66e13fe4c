"""Alerts of a real Prometheus: asked for at each interval, stored with their history like those judged here."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import httpx

from alerts.record import AlertRecord, Transition
from alerts.states import RESOLVED_KEPT_MS, Alert, Fingerprint, State
from data.lease import Lease, LeaseLost
from data.record import Record, RecordFull, RecordUnavailable

log = logging.getLogger(__name__)

_INTERVAL_SECONDS = 15.0
_TIMEOUT_SECONDS = 10.0


class BadAnswer(ValueError):
    """What answered is no Prometheus, or says that something is wrong."""


@dataclass(slots=True)
class _Rule:
    """The alerts of a rule there, by the key that they would have here."""

    key: str
    alerts: dict[Fingerprint, Alert]


class RemoteRules:
    """The rules of one Prometheus. While it does not answer, its alerts stay as they were."""

    def __init__(self, url: str, record: Record, lease: Lease, *, seconds: float = _INTERVAL_SECONDS) -> None:
        self.url = url.rstrip("/")
        #: Why it could not be asked the last time; empty if it could.
        self.error = ""
        #: Called with what changed, once it is stored.
        self.on_transitions: Callable[[Sequence[Transition]], object] = lambda transitions: None
        self._lease, self._seconds = lease, seconds
        self._record = AlertRecord(record, lease)
        self._known: dict[tuple[str, str], dict[Fingerprint, Alert]] | None = None
        self._client = httpx.Client(trust_env=False, timeout=_TIMEOUT_SECONDS)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="remote-rules", daemon=True)

    @property
    def alerts(self) -> list[Alert]:
        """Those that are pending, fire, or are over since a short time."""
        return [alert for alerts in list((self._known or {}).values()) for alert in list(alerts.values())]

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a question under way is left behind."""
        self._stopping.set()
        self._thread.join(timeout=2)

    def poll(self, now: int) -> None:
        """Ask once and store what changed (milliseconds); raises httpx.HTTPError, BadAnswer, RecordUnavailable."""
        if not self._lease.held:
            self._known = None
            return
        if self._known is None:
            self._known = self._record.load()
        answer = self._client.get(f"{self.url}/api/v1/rules", params={"type": "alert"})
        answer.raise_for_status()
        found = _rules(answer)
        groups = {group for group, _ in self._known} | {group for group, _ in found}
        known: dict[tuple[str, str], dict[Fingerprint, Alert]] = {}
        for key in self._known.keys() | found.keys():
            known[key] = _next(self._known.get(key, {}), found.get(key, []), now)
        self._known = known
        for group in sorted(groups):
            rules = [_Rule(rule, alerts) for (name, rule), alerts in known.items() if name == group]
            if moves := self._record.save(now, group, rules):
                self.on_transitions(moves)

    def _run(self) -> None:
        wait = 0.0
        while not self._stopping.wait(wait):
            wait = self._seconds if self._lease.held else 1.0
            try:
                self.poll(int(time.time() * 1000))
                if self.error:
                    log.info("the Prometheus at %s answers again", self.url)
                self.error = ""
            except (httpx.HTTPError, BadAnswer) as error:
                if not self.error:
                    log.error("the Prometheus at %s can't be asked for its alerts: %s", self.url, error)
                self.error = str(error) or type(error).__name__
            except (RecordUnavailable, RecordFull, LeaseLost) as error:
                log.warning("alert states could not be stored: %s", error)
            except Exception:  # it is asked again whatever one round met
                log.exception("a round of alerts from Prometheus failed")


def _rules(answer: httpx.Response) -> dict[tuple[str, str], list[Alert]]:
    """The active alerts by group and rule; the second rule of a name in a group is keyed name/2, and so on."""
    try:
        found: dict[tuple[str, str], list[Alert]] = {}
        for group in answer.json()["data"]["groups"]:
            seen: Counter[str] = Counter()
            for rule in group["rules"]:
                name = rule["name"]
                seen[name] += 1
                key = name if seen[name] == 1 else f"{name}/{seen[name]}"
                found[group["name"], key] = [_alert(each) for each in rule.get("alerts", [])]
        return found
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadAnswer(f"{answer.url} gave no list of rules: {type(error).__name__} {error}") from None


def _alert(given: Mapping[str, Any]) -> Alert:
    active_at = int(datetime.fromisoformat(given["activeAt"]).timestamp() * 1000)
    return Alert(given["labels"], given["annotations"], float(given["value"]), active_at, State(given["state"]))


def _next(known: Mapping[Fingerprint, Alert], found: Sequence[Alert], now: int) -> dict[Fingerprint, Alert]:
    """The alerts of a rule after it was asked; when one began to fire is known only from being asked."""
    alerts: dict[Fingerprint, Alert] = {}
    for alert in found:
        before = known.get(alert.fingerprint)
        fires = alert.state is State.FIRING
        was_firing = before is not None and before.state is State.FIRING
        alerts[alert.fingerprint] = replace(
            alert, fired_at=(before.fired_at if before and was_firing else now) if fires else None
        )
    for key, alert in known.items():
        if key in alerts or alert.state is State.PENDING:
            continue
        over = alert if alert.state is State.INACTIVE else replace(alert, state=State.INACTIVE, resolved_at=now)
        if now - (over.resolved_at or now) <= RESOLVED_KEPT_MS:
            alerts[key] = over
    return alerts
