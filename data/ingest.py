"""Calls come in: one queue, one writer thread, one commit for all that waits (group commit).

An answer is given only after the commit. While one commit is being made durable the next group gathers by itself, so
throughput rises with load and no timer delays a single call.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from opentelemetry import trace
from sqlalchemy.exc import DBAPIError

from data.models import CallEvent
from data.record import Record
from data.writer import Applied, apply
from monitoring.tracing import create_span

log = logging.getLogger(__name__)

_GROUP_EVENTS = 2_000


class Overloaded(RuntimeError):
    """More events wait than may wait; try again after `retry_after` seconds."""

    retry_after = 1


@dataclass(slots=True)
class _Submission:
    events: Sequence[CallEvent]
    #: The submitter's span.
    context: trace.SpanContext = field(default_factory=lambda: trace.get_current_span().get_span_context())
    done: Future[list[Applied]] = field(default_factory=Future)


class Ingest:
    """The only writer of calls in this process."""

    def __init__(
        self,
        record: Record,
        *,
        most_waiting: int = 20_000,
    ) -> None:
        self._record = record
        #: Called with what each commit stored, and how many seconds it took.
        self.on_applied: Callable[[Sequence[Applied], float], None] = lambda applied, seconds: None
        self._queue: queue.SimpleQueue[_Submission | None] = queue.SimpleQueue()
        self._most_waiting = most_waiting
        self._waiting = 0
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="ingest-writer", daemon=True)

    @property
    def waiting(self) -> int:
        """Events submitted and not yet committed."""
        return self._waiting

    def start(self) -> None:
        """Start the writer thread."""
        self._thread.start()

    def stop(self) -> None:
        """Commit what waits, then end the thread."""
        with self._lock:
            self._closed = True
        self._queue.put(None)
        self._thread.join(timeout=5)

    def submit(self, events: Sequence[CallEvent]) -> Future[list[Applied]]:
        """Queue events; the future resolves once they are durable. Raises Overloaded when too many wait."""
        submission = _Submission(events)
        with self._lock:
            if self._closed or (self._waiting and self._waiting + len(events) > self._most_waiting):
                raise Overloaded(f"{self._waiting} events are waiting to be written")
            self._waiting += len(events)
            submission.done.set_running_or_notify_cancel()  # what waits is written, whoever tries to cancel it
            self._queue.put(submission)
        return submission.done

    def write(self, events: Sequence[CallEvent], timeout: float = 30.0) -> list[Applied]:
        """Submit and wait until the events are durable."""
        return self.submit(events).result(timeout=timeout)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group, last = [first], False
            count = len(first.events)
            while count < _GROUP_EVENTS and not last:
                try:
                    following = self._queue.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    last = True
                else:
                    group.append(following)
                    count += len(following.events)
            self._commit(group)
            with self._lock:
                self._waiting -= count
            if last:
                return

    def _commit(self, group: list[_Submission]) -> None:
        """One transaction for the group; if the database refuses its content, one for each, to find the guilty one."""
        started = time.perf_counter()
        events = [event for submission in group for event in submission.events]
        # A batch may belong to many: it is part of the first one's work, and names the others.
        contexts = [submission.context for submission in group if submission.context.is_valid]
        parent = contexts[0] if contexts else None
        try:
            with create_span("ingest batch", {"events": len(events)}, parent=parent, links=contexts[1:]):
                applied = apply(self._record, events)
                self._notify(applied, time.perf_counter() - started)
        except DBAPIError as error:
            if len(group) > 1:
                for submission in group:
                    self._commit([submission])
                return
            log.error("the database refused a submission: %s", error.orig)
            group[0].done.set_exception(error)
            return
        except Exception as error:  # noqa: BLE001 - the writer outlives any failure; each submitter gets it and answers
            log.error("a group of %d submissions was not stored: %s", len(group), error)
            for submission in group:
                submission.done.set_exception(error)
            return
        position = 0
        for submission in group:
            submission.done.set_result(applied[position : position + len(submission.events)])
            position += len(submission.events)

    def _notify(self, applied: Sequence[Applied], seconds: float) -> None:
        try:
            self.on_applied(applied, seconds)
        except Exception:  # what is stored stays stored, whatever a listener does
            log.exception("a listener of stored calls failed")
