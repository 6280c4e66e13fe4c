"""Messages on their way: each is a row of the record until it was taken, so that none is lost and few come twice.

A row is written in the transaction that decides on it, claimed by a conditional UPDATE, and tried again until it is
taken, refused for good, or too old. Rows of one lane go one after the other; each target has a thread of its own while
something is due for it, so that a receiver which fails or hangs delays nobody else.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Protocol

import orjson
from sqlalchemy import Connection, Select, delete, func, insert, select, update

from alerts.receivers.errors import SendError
from data.models import outbox
from data.record import Record, RecordFull, RecordUnavailable
from monitoring.tracing import create_span

log = logging.getLogger(__name__)

#: By then a sender must have come to an end; a row whose sender died is tried again after it.
CLAIM_MS = 30_000
#: A message that nobody took for so long is given up: as old as a repetition of it is by default.
GIVE_UP_MS = 4 * 3_600_000
#: How long a finished row stays as the log of deliveries.
KEPT_MS = 14 * 86_400_000
_FIRST_RETRY_MS, _LONGEST_RETRY_MS, _LONGEST_ASKED_MS = 2_000, 300_000, 3_600_000
_POLL_SECONDS = 1.0
_PRUNE_SECONDS = 3_600.0
_LONGEST_ERROR = 1_000


class Status(StrEnum):
    """What became of a message so far."""

    WAITING = "waiting"
    SENDING = "sending"
    RETRYING = "retrying"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row. next_at: when it is tried (again); error: of the last try, or what was wrong with one that was sent.

    Instants in milliseconds.
    """

    id: int
    kind: str
    target: str
    lane: str
    payload: Any
    status: Status
    attempts: int
    error: str
    created_at: int
    next_at: int
    finished_at: int | None


class Handler(Protocol):
    """Sends the messages of one kind."""

    def send(self, delivery: Delivery) -> str:
        """Hand a message over within CLAIM_MS; what went wrong all the same, else nothing. Raises SendError."""

    def given_up(self, connection: Connection, delivery: Delivery) -> None:
        """Undo what was written on the assumption that it arrives, in the transaction that gives it up."""


def put(connection: Connection, kind: str, target: str, lane: str, payload: Any, now: int) -> int:
    """Write a message, in the transaction that decides on it; its id. `lane`: at most 64 characters."""
    row = {
        "kind": kind,
        "target": target,
        "lane": lane,
        "payload": orjson.dumps(payload).decode(),
        "status": Status.WAITING.value,
        "attempts": 0,
        "error": "",
        "created_at": now,
        "next_at": now,
    }
    return int(connection.execute(insert(outbox).values(row).returning(outbox.c.id)).scalar_one())


def deliveries(connection: Connection, limit: int = 100, before: int | None = None) -> list[Delivery]:
    """The log, newest first; `before`: only rows with a lower id."""
    query = select(outbox).order_by(outbox.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(outbox.c.id < before)
    return [_delivery(row) for row in connection.execute(query).mappings()]


def last_deliveries(connection: Connection) -> dict[str, Delivery]:
    """The newest message of each target."""
    newest = select(func.max(outbox.c.id)).group_by(outbox.c.target)
    rows = connection.execute(select(outbox).where(outbox.c.id.in_(newest))).mappings()
    return {row["target"]: _delivery(row) for row in rows}


def waiting(connection: Connection) -> tuple[int, int | None]:
    """How many messages are not finished, and since when the oldest waits (milliseconds)."""
    query = select(func.count(), func.min(outbox.c.created_at)).where(outbox.c.finished_at.is_(None))
    count, oldest = connection.execute(query).one()
    return int(count), oldest


class Outbox:
    """Sends what is due, as long as this instance may; `handlers` send the messages of their kinds."""

    def __init__(
        self,
        record: Record,
        handlers: Mapping[str, Handler],
        may_send: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._record, self._may_send, self._clock = record, may_send, clock
        self.handlers = dict(handlers)
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._led, self._pruned_at = False, 0.0
        #: Called after each try with the message as it is now.
        self.on_tried: Callable[[Delivery], object] = lambda delivery: None

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self, seconds: float = 3.0) -> None:
        """Begin nothing new, and wait for what is being sent."""
        deadline = time.monotonic() + seconds
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=seconds)
        while self._busy and time.monotonic() < deadline:
            time.sleep(0.01)

    def wake(self) -> None:
        """Look at once: something was put in."""
        self._wake.set()

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _run(self) -> None:
        while not self._stopping.is_set():
            seconds = _POLL_SECONDS
            try:
                seconds = self._round()
            except (RecordUnavailable, RecordFull) as error:
                log.warning("messages wait: %s", error)
            except Exception:  # what waits is sent whatever one round met
                log.exception("a round of the outbox failed")
            self._wake.wait(seconds)
            self._wake.clear()

    def _round(self) -> float:
        """Start a worker for each target that has something due; seconds until the next look."""
        if not self._may_send():
            self._led = False
            return _POLL_SECONDS
        if not self._led:
            self._take_over()
            self._led = True
        if time.monotonic() - self._pruned_at > _PRUNE_SECONDS or not self._pruned_at:
            self._prune()
        now, seconds = self._now(), _POLL_SECONDS
        for target, next_at in self._targets():
            if next_at <= now:
                self._work_on(target)
            else:
                seconds = min(seconds, (next_at - now) / 1000)
        return seconds

    def _targets(self) -> list[tuple[str, int]]:
        """Each target that is waited for, and when its next message is due."""
        query = select(outbox.c.target, func.min(outbox.c.next_at)).where(outbox.c.id.in_(_heads()))
        with self._record.read() as connection:
            return [(target, int(at)) for target, at in connection.execute(query.group_by(outbox.c.target))]

    def _take_over(self) -> None:
        """Whoever claimed a row before us is gone, or its worker here goes on with it."""
        orphaned = update(outbox).where(outbox.c.status == Status.SENDING.value, outbox.c.finished_at.is_(None))
        with self._record.write() as connection:
            connection.execute(orphaned.values(status=Status.RETRYING.value, next_at=self._now()))

    def _prune(self) -> None:
        with self._record.write() as connection:
            connection.execute(delete(outbox).where(outbox.c.finished_at < self._now() - KEPT_MS))
        self._pruned_at = time.monotonic()

    # --- one target

    def _work_on(self, target: str) -> None:
        with self._lock:
            if target in self._busy:
                return
            self._busy.add(target)
        threading.Thread(target=self._work, args=(target,), name=f"send-{target}", daemon=True).start()

    def _work(self, target: str) -> None:
        try:
            while not self._stopping.is_set() and self._may_send() and (claimed := self._claim(target)):
                self._try(claimed)
        except (RecordUnavailable, RecordFull) as error:
            log.warning("messages to %s wait: %s", target, error)
        except Exception:
            log.exception("sending to %s failed", target)
        finally:
            with self._lock:
                self._busy.discard(target)
            self._wake.set()

    def _claim(self, target: str) -> Delivery | None:
        """The next message that is due, if nobody else takes it."""
        now = self._now()
        head = select(outbox).where(outbox.c.id.in_(_heads(target)), outbox.c.next_at <= now).order_by(outbox.c.id)
        with self._record.write() as connection:
            row = connection.execute(head.limit(1)).mappings().one_or_none()
            if row is None:
                return None
            claimed = {"status": Status.SENDING.value, "attempts": row["attempts"] + 1, "next_at": now + CLAIM_MS}
            if not connection.execute(_same(row["id"], row["attempts"]).values(claimed)).rowcount:
                return None
        return _delivery(dict(row) | claimed)

    def _try(self, delivery: Delivery) -> None:
        try:
            if (handler := self.handlers.get(delivery.kind)) is None:
                raise SendError(f"nothing here sends messages of the kind {delivery.kind}", retryable=False)
            with create_span(f"send {delivery.kind}", {"target": delivery.target, "attempt": delivery.attempts}):
                note = handler.send(delivery)
        except SendError as error:
            done = self._failed(delivery, error)
        except Exception as error:
            log.exception("message %s to %s could not be sent", delivery.id, delivery.target)
            done = self._failed(delivery, SendError(f"{type(error).__name__}: {error}", retryable=True))
        else:
            done = replace(delivery, status=Status.SENT, error=note[:_LONGEST_ERROR], finished_at=self._now())
        self._store(done)
        self.on_tried(done)

    def _failed(self, delivery: Delivery, error: SendError) -> Delivery:
        now, reason = self._now(), str(error)[:_LONGEST_ERROR]
        if error.retryable and now - delivery.created_at < GIVE_UP_MS:
            wait = min(_FIRST_RETRY_MS * 2 ** min(delivery.attempts - 1, 20), _LONGEST_RETRY_MS)
            if error.retry_after is not None:
                wait = min(max(int(error.retry_after * 1000), 0), _LONGEST_ASKED_MS)
            log.warning(
                "%s did not take message %s, next try in %d s: %s", delivery.target, delivery.id, wait / 1e3, reason
            )
            payload = {**delivery.payload, **error.left} if error.left else delivery.payload
            return replace(delivery, payload=payload, status=Status.RETRYING, error=reason, next_at=now + wait)
        log.error("message %s to %s is given up: %s", delivery.id, delivery.target, reason)
        return replace(delivery, status=Status.FAILED, error=reason, finished_at=now)

    def _store(self, done: Delivery) -> None:
        """Keep what came of it; while the record is away the claim holds others off for a while."""
        values = {"status": done.status.value} | {
            name: getattr(done, name) for name in ("error", "next_at", "finished_at")
        }
        if done.status is Status.RETRYING:
            values["payload"] = orjson.dumps(done.payload).decode()
        deadline = time.monotonic() + CLAIM_MS / 1000
        while True:
            try:
                with self._record.write() as connection:
                    connection.execute(_same(done.id, done.attempts).values(values))
                    if done.status is Status.FAILED and (handler := self.handlers.get(done.kind)):
                        handler.given_up(connection, done)
                return
            except (RecordUnavailable, RecordFull):
                if time.monotonic() > deadline or self._stopping.wait(0.5):
                    raise


def _heads(target: str | None = None) -> Select[Any]:
    """The first unfinished row of each lane: the others wait for it."""
    unfinished = select(func.min(outbox.c.id)).where(outbox.c.finished_at.is_(None))
    if target is not None:
        unfinished = unfinished.where(outbox.c.target == target)
    return unfinished.group_by(outbox.c.target, outbox.c.lane)


def _same(row_id: int, attempts: int) -> Any:
    """An update of a row that nobody claimed since."""
    c = outbox.c
    return update(outbox).where(c.id == row_id, c.attempts == attempts, c.finished_at.is_(None))


def _delivery(row: Mapping[Any, Any]) -> Delivery:
    values = {each.name: row[each.name] for each in fields(Delivery)}
    return Delivery(**(values | {"status": Status(row["status"]), "payload": orjson.loads(row["payload"])}))
