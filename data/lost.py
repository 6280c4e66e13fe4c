"""Calls of which nothing was heard for too long are closed as lost."""

from __future__ import annotations

import logging
import threading

from sqlalchemy import select

from data.analytics import AnalyticCopy
from data.ingest import Ingest, Overloaded
from data.models import CallEvent, EndReasonGroup, Status, calls
from data.queries.kpis import ACTIVE_TIMEOUT
from data.record import RecordFull, RecordUnavailable
from data.times import now_micros

log = logging.getLogger(__name__)

_EVERY_SECONDS = 60.0
_AT_ONCE = 1_000


def lost_calls(copy: AnalyticCopy, now: int) -> list[CallEvent]:
    """Events that close the calls in progress whose last event is older than the timeout.

    They date from just after that last event, so whatever the platform still sends later wins over them.
    """
    query = select(calls.c.source, calls.c.call_id, calls.c.updated_at).where(
        calls.c.status == Status.IN_PROGRESS, calls.c.updated_at <= now - ACTIVE_TIMEOUT
    )
    frame = copy.frame(query.order_by(calls.c.updated_at).limit(_AT_ONCE), "lost_calls")
    return [
        CallEvent(
            source=source,
            call_id=call_id,
            updated_at=int(updated_at) + 1,
            status=Status.ERROR.value,
            end_reason="lost",
            end_reason_group=EndReasonGroup.UNKNOWN.value,
        )
        for source, call_id, updated_at in frame.to_numpy().tolist()
    ]


class LostCalls:
    """Closes lost calls once a minute."""

    def __init__(self, copy: AnalyticCopy, ingest: Ingest) -> None:
        self._copy = copy
        self._ingest = ingest
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lost-calls", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        while True:
            try:
                events = lost_calls(self._copy, now_micros())
                if events:
                    self._ingest.write(events)
                    log.info("%d calls without news for 4 hours were closed as lost", len(events))
            except (RecordUnavailable, RecordFull, Overloaded, TimeoutError) as error:
                log.warning("lost calls were not closed, the next round tries again: %s", error)
            if self._stopping.wait(_EVERY_SECONDS):
                return
