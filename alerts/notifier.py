"""Tells people: from the transitions of alerts to messages in the outbox, as the configuration file says."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from sqlalchemy import Connection

from alerts import outbox, outside, states
from alerts.config import ConfigError
from alerts.dispatch import alert as told_alerts
from alerts.dispatch import store
from alerts.dispatch.config import Config, load_config
from alerts.dispatch.integrations import Integration
from alerts.dispatch.schedule import Flush, Schedule
from alerts.outbox import Delivery, Outbox
from alerts.receivers import Message, SendError, tell, unready
from alerts.receivers.texts import load_templates
from alerts.record import Transition, stored_alerts
from alerts.templates import NotificationTemplates
from alerts.views import GroupView, ReceiverView, group_views
from data.lease import Lease, LeaseLost
from data.record import Record, RecordFull, RecordUnavailable

log = logging.getLogger(__name__)

#: The routes that come with the product.
CONFIG_FILE = Path(__file__).with_name("alertmanager.yml")
#: The kind of its messages in the outbox.
KIND = "notification"
_TICK_SECONDS = 1.0
_PRUNE_SECONDS = 3_600.0


class Notifier:
    """One process' notifier; raises ConfigError where the first file can't be used.

    external_url: where people reach the app. zone: in which messages tell the time. adjusted: completes what the file
    says, by the app's settings. alerts: those of the rules at present.
    """

    def __init__(
        self,
        path: Path,
        record: Record,
        lease: Lease,
        *,
        external_url: str,
        zone: str = "UTC",
        adjusted: Callable[[Config], Config] = lambda config: config,
        alerts: Callable[[], Iterable[states.Alert]] = tuple,
        clock: Callable[[], float] = time.time,
    ) -> None:
        #: The file that the configuration is read from.
        self.path = path
        #: Where people reach the app.
        self.external_url = external_url.rstrip("/")
        #: Why the file was not taken the last time; empty if it was.
        self.config_error = ""
        #: Why it tells nobody of alerts, as an Alertmanager does; empty if it does. Tests and what waits are sent.
        self.quiet = ""
        self._record, self._lease, self._clock = record, lease, clock
        self._zone, self._adjusted, self._alerts = zone, adjusted, alerts
        self.config, self._templates = self._load()
        self._schedule = Schedule(self.config)
        self._lock = threading.Lock()
        self._came: deque[Transition] = deque()
        self._led, self._pruned_at = False, 0.0
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)
        #: Where its messages go.
        self.outbox = Outbox(record, {KIND: self}, lambda: lease.held, clock)
        self.outbox.on_tried = self._tried
        #: Called after each try: the kind of integration, and sent, retrying or failed.
        self.on_tried: Callable[[str, str], object] = lambda integration, outcome: None

    # --- life

    def start(self) -> None:
        """Begin to plan and to send."""
        self.outbox.start()
        self._thread.start()

    def stop(self) -> None:
        """End the threads; what is not sent yet stays in the outbox."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=2)
        self.outbox.stop()

    def reload(self) -> None:
        """Take the file as it is now; ConfigError, and the old configuration stays, if it is bad."""
        try:
            config, templates = self._load()
        except ConfigError as error:
            self.config_error = str(error)
            log.error("the routes stay as they were: %s", error)
            raise
        with self._lock:
            self.config, self._templates, self.config_error = config, templates, ""
            self._schedule, self._led = Schedule(config), False
        log.info("the routes are those of %s as it is now", self.path)
        self._wake.set()

    def _load(self) -> tuple[Config, NotificationTemplates]:
        config = self._adjusted(load_config(self.path))
        return config, load_templates(config.templates, self._zone)

    def take(self, moves: Sequence[Transition]) -> None:
        """Take in what changed, once it is stored."""
        self._came.extend(moves)
        self._wake.set()

    # --- planning

    def _run(self) -> None:
        while not self._stopping.is_set():
            seconds = _TICK_SECONDS
            try:
                seconds = self.plan(self._now())
            except (RecordUnavailable, RecordFull) as error:
                log.warning("notifications wait: %s", error)
            except LeaseLost as error:
                log.info("%s", error)
            except Exception:  # the watch goes on whatever one round met
                log.exception("a round of notifications failed")
            self._wake.wait(seconds)
            self._wake.clear()

    def plan(self, now: int) -> float:
        """Put what is due into the outbox; seconds until the next look. Raises RecordUnavailable, LeaseLost."""
        if self.quiet or not self._lease.held:
            self._led = False
            self._came.clear()
            return _TICK_SECONDS
        if not self._led:
            self._restore(now)
        self._take(now)
        with self._lock:
            schedule, due_at = self._schedule, self._schedule.next_due()
        if due_at is None or due_at > now:
            return _TICK_SECONDS if due_at is None else min(_TICK_SECONDS, (due_at - now) / 1000)
        with self._record.read() as connection:
            entries, silences = store.load_log(connection, now), store.all_silences(connection)
        with self._lock:
            flushes = schedule.due(now, entries, silences)
        self._write(flushes, now)
        with self._lock:
            for flush in flushes:
                schedule.done(flush)
        return 0.0

    def _restore(self, now: int) -> None:
        """Take back the alerts as they are stored: after a start, a reload, or when another instance had the lease."""
        self._came.clear()
        with self._record.read() as connection:
            entries = store.load_log(connection, now)
            alerts = [self._told(each) for each in [*stored_alerts(connection), *outside.posted(connection)]]
        with self._lock:
            self._schedule = Schedule(self.config)
            self._schedule.restore([each for each in alerts if each is not None], entries, now)
            self._led = True

    def _take(self, now: int) -> None:
        """What fires with its present annotations first: what came after that has the last word."""
        firing = [self._told(each) for each in self._alerts() if each.state is states.State.FIRING]
        with self._record.read() as connection:
            posted = [each for each in map(self._told, outside.posted(connection)) if each is not None]
        came = []
        while self._came:
            came.append(self._told(self._came.popleft().alert))
        with self._lock:
            known = {key for group in self._schedule.groups for key in group.alerts}
            self._schedule.take([each for each in firing if each is not None and each.fingerprint in known], now)
            self._schedule.take(
                [each for each in posted if each.fingerprint in known or not each.is_resolved(now)], now
            )
            self._schedule.take([each for each in came if each is not None], now)

    def _told(self, alert: states.Alert) -> told_alerts.Alert | None:
        made = told_alerts.told(alert)
        return made and told_alerts.told(alert, f"{self.external_url}/alerts?fingerprint={made.fingerprint}")

    def _write(self, flushes: Sequence[Flush], now: int) -> None:
        """What is told, and the log of it, in one transaction."""
        notifications = [each for flush in flushes for each in flush.notifications if not unready(each.integration)]
        if not notifications and time.monotonic() - self._pruned_at < _PRUNE_SECONDS and self._pruned_at:
            return
        with self._record.write() as connection:
            self._lease.confirm(connection)
            for each in notifications:
                if each.alerts:
                    self._put(connection, each.integration, Message.of(each), now)
                store.log_notification(connection, each)
            store.prune(connection, now)
        self._pruned_at = time.monotonic()
        self.outbox.wake()

    def _put(self, connection: Connection, integration: Integration, message: Message, now: int) -> int:
        lane = store.log_key(integration.key, message.group_key)
        return outbox.put(connection, KIND, integration.key, lane, message.as_json(), now)

    # --- sending, called by the outbox

    def send(self, delivery: Delivery) -> str:
        """Tell an integration; what went wrong all the same. Raises SendError."""
        integration = next((each for each in self._integrations() if each.key == delivery.target), None)
        if integration is None:
            raise SendError("the configuration names no such receiver any more", retryable=False)
        return tell(integration, Message.from_json(delivery.payload), self._templates, self.external_url)

    def given_up(self, connection: Connection, delivery: Delivery) -> None:
        """Nobody was told, so the group's next turn tells again."""
        message = Message.from_json(delivery.payload)
        store.forget_notification(connection, delivery.target, message.group_key, message.at)

    def _tried(self, delivery: Delivery) -> None:
        if delivery.kind == KIND:
            self.on_tried(delivery.target.split("/")[-2], delivery.status.value)

    # --- what pages and the API show

    def groups(self) -> list[GroupView]:
        """All groups of alerts with when they are told of next; raises RecordUnavailable."""
        now = self._now()
        with self._record.read() as connection:
            entries, silences = store.load_log(connection, now), store.all_silences(connection)
        with self._lock:
            return group_views(self._schedule, self.config, entries, silences, now)

    def receivers(self) -> list[ReceiverView]:
        """All integrations with what they were sent last; raises RecordUnavailable."""
        with self._record.read() as connection:
            last = outbox.last_deliveries(connection)
        return [
            ReceiverView(each.receiver, each.kind, each.key, unready(each), last.get(each.key))
            for each in self._integrations()
        ]

    def send_test(self, name: str) -> list[int]:
        """Send a test to a receiver, or to one integration by its key; the ids of the messages.

        KeyError if there is none of this name; SendError if it is not configured; RecordUnavailable.
        """
        chosen = [each for each in self._integrations() if name in (each.receiver, each.key)]
        if not chosen:
            raise KeyError(name)
        if why := next((why for each in chosen if (why := unready(each))), ""):
            raise SendError(f"{name} is not configured: {why}", retryable=False)
        now = self._now()
        with self._record.write() as connection:
            made = [self._put(connection, each, test_message(each.receiver, now), now) for each in chosen]
        self.outbox.wake()
        return made

    def deliveries(self, limit: int = 100, before: int | None = None) -> list[Delivery]:
        """The log of messages, newest first; raises RecordUnavailable."""
        with self._record.read() as connection:
            return outbox.deliveries(connection, limit, before)

    def waiting(self) -> tuple[int, float]:
        """How many messages are not handed over yet, and the age of the oldest in seconds; raises RecordUnavailable."""
        with self._record.read() as connection:
            count, oldest = outbox.waiting(connection)
        return count, 0.0 if oldest is None else max(self._now() - oldest, 0) / 1000

    def _integrations(self) -> list[Integration]:
        config = self.config
        return [way for each in config.receivers for way in config.integrations(each.name)]

    def _now(self) -> int:
        return int(self._clock() * 1000)


def test_message(receiver: str, now: int) -> Message:
    """What a test of a receiver says."""
    labels = {"alertname": "TestNotification", "severity": "none"}
    annotations = {
        "summary": "This is a test of this receiver.",
        "description": "Nothing is wrong. Somebody asked VoiceHive to send it.",
    }
    alert = told_alerts.Alert(labels, annotations, now)
    return Message(receiver, f"test:{now}", {"alertname": "TestNotification"}, (alert,), now)
