"""A live demo: calls that start, are answered and end as time goes by, of the same kind as the generated history."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import numpy as np

from data.demo.calls import Callers, sample
from data.demo.dice import CallDice, Ints
from data.demo.rhythm import load
from data.demo.traces import with_trace
from data.models import CallEvent, Status
from data.times import MINUTE, SECOND

log = logging.getLogger(__name__)

_ROUTE = ("direction", "agent", "agent_version", "queue", "language", "caller_hash", "caller_last2")
_OPENING = (*_ROUTE, "started_at", "queued_at", "metadata")
_ANSWER = ("answered_at", "wait_seconds")
#: Longer than any call lasts: who started before has hung up.
_LONGEST_CALL = 20 * MINUTE
#: After a longer pause (a suspended machine) the calls in between never were.
_MAX_CATCH_UP = 5 * MINUTE
#: With so many events that nobody takes, no more calls start.
_MAX_UNSENT = 10_000


class Simulator:
    """Submits the events of live demo calls from a thread of its own; `step` does the same for a given time.

    `calls_per_minute` is the mean over a week, busy hours have more: a call lasts about three minutes, so three a
    minute keep about nine active. `clock` gives seconds since 1970, `tick_seconds` is the time between two submits.
    """

    def __init__(
        self,
        submit: Callable[[list[CallEvent]], object],
        *,
        hash_caller: Callable[[str], tuple[str, str]],
        clock: Callable[[], float] = time.time,
        seed: int | None = None,
        calls_per_minute: float = 3.0,
        tick_seconds: float = 1.0,
    ) -> None:
        self._submit = submit
        self._clock = clock
        self._calls_per_minute = calls_per_minute
        self._tick_seconds = tick_seconds
        self._rng = np.random.default_rng(seed)
        self._callers = Callers(hash_caller)
        self._coming: list[tuple[int, int, CallEvent]] = []
        self._numbers = itertools.count()
        self._last: int | None = None
        self._begin_after: int | None = None
        self._unsent: list[CallEvent] = []
        self._failing = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, open_calls: Iterable[tuple[str, int]] = ()) -> None:
        """Run until `stop`. `open_calls` (call id, start in UTC microseconds) of an earlier run come to their ends."""
        if self._thread is not None and self._thread.is_alive():
            raise RuntimeError("the simulator is running")
        self.resume(open_calls)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._stopping,), name="simulator", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread within a second; calls in progress stay open."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=1.0)

    def resume(self, open_calls: Iterable[tuple[str, int]]) -> None:
        """Take over calls of an earlier run: their dice are seeded by their ids, so each goes on as it would have."""
        calls = list(open_calls)
        if not calls:
            return
        starts = np.array([started for _, started in calls], dtype=np.int64)
        self._begin_after = int(starts.max())
        for call in self._sample([call_id for call_id, _ in calls], starts):
            self._schedule(call)

    def step(self, now: int) -> list[CallEvent]:
        """The events since the last step, up to `now` (UTC microseconds), oldest first.

        The first step begins with the calls that are then in progress.
        """
        if self._last is None:
            # Calls of an earlier run account for those that are still open from before its end.
            since = max(now - _LONGEST_CALL, self._begin_after or 0)
            calls = [call for call in self._starting(since, now) if call["ended_at"] > now]
        else:
            calls = self._starting(max(self._last, now - _MAX_CATCH_UP), now)
        self._last = now
        for call in calls:
            self._schedule(call)
        due = []
        while self._coming and self._coming[0][0] <= now:
            due.append(heapq.heappop(self._coming)[2])
        return due

    def tick(self) -> None:
        """One step at the clock's time, submitted; what could not be submitted goes with the next one."""
        try:
            if len(self._unsent) < _MAX_UNSENT:
                self._unsent += self.step(int(self._clock() * SECOND))
            if self._unsent:
                self._submit(list(self._unsent))
        except Exception:  # whatever the receiver raises, the demo goes on
            # A traceback a tick would bury the log.
            if not self._failing:
                log.exception("Live demo calls could not be submitted; trying again at each tick")
            self._failing = True
        else:
            self._unsent.clear()
            self._failing = False

    def _run(self, stopping: threading.Event) -> None:
        self.tick()
        while not stopping.wait(self._tick_seconds):
            self.tick()

    def _starting(self, since: int, now: int) -> list[CallEvent]:
        """Finished calls that start in (since, now], as many as chance and the hour want."""
        if now <= since:
            return []
        middle = np.array([(since + now) // 2], dtype=np.int64)
        expected = self._calls_per_minute * float(load(middle)[0]) * (now - since) / MINUTE
        count = int(self._rng.poisson(expected))
        if count == 0:
            return []
        starts = np.sort(self._rng.integers(since, now, count, dtype=np.int64, endpoint=True)) // 1000 * 1000
        # The instant keeps the ids of two runs with one seed apart.
        return self._sample([f"live-{start:x}-{self._rng.bytes(4).hex()}" for start in starts.tolist()], starts)

    def _sample(self, call_ids: Sequence[str], starts: Ints) -> list[CallEvent]:
        calls = sample(CallDice(call_ids), call_ids, starts, int(starts.max()), self._callers)
        return [with_trace(call) for call in calls]

    def _schedule(self, call: CallEvent) -> None:
        for event in stages(call):
            heapq.heappush(self._coming, (event["updated_at"], next(self._numbers), event))


def stages(call: CallEvent) -> list[CallEvent]:
    """A finished call as it is heard of: when it starts or joins the queue, when it is answered, when it ends."""
    rest: dict[str, Any] = dict(call)
    identity = {"source": rest.pop("source"), "call_id": rest.pop("call_id")}
    running = {**identity, "status": Status.IN_PROGRESS.value}
    opening = {name: rest.pop(name) for name in _OPENING if name in rest}
    events = [{**running, "updated_at": opening.get("queued_at", opening["started_at"]), **opening}]
    if "answered_at" in rest:
        answer = {name: rest.pop(name) for name in _ANSWER if name in rest}
        events.append({**running, "updated_at": answer["answered_at"], **answer})
    return cast(list[CallEvent], [*events, {**identity, **rest}])
