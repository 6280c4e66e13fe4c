"""Compute once for everyone.

However many ask for the same answer, one thread computes it; the others get the last one, or wait for the first. The
dearer an answer, the longer it is kept, up to ten seconds: a view then takes about a tenth of a core.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Literal

_FRESH_SECONDS = 1.0
_USABLE_SECONDS = 10.0
_COST_FACTOR = 10.0
_LONGEST_KEPT = 10.0


class _Entry:
    __slots__ = ("at", "cost", "error", "lock", "value")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.at = float("-inf")
        self.cost = 0.0
        self.value: Any = None
        self.error: Exception | None = None


class Answers:
    """Shared answers by key; threads may share it."""

    def __init__(
        self,
        *,
        most: int = 256,
        clock: Callable[[], float] = time.monotonic,
        on_result: Callable[[Literal["hit", "stale", "miss"]], object] = lambda result: None,
    ) -> None:
        self._most = most
        self._on_result = on_result
        self._clock = clock
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, compute: Callable[[], Any], *, fresh: float = _FRESH_SECONDS) -> Any:
        """The answer, at most `fresh` seconds old (longer if it is dear); a failure is shared for as long, too."""
        entry = self._entry(key)
        if self._age(entry) < self._kept(entry, fresh):
            self._on_result("hit")
            return self._result(entry)
        usable = entry.error is None and self._age(entry) < max(_USABLE_SECONDS, 2 * self._kept(entry, fresh))
        if not entry.lock.acquire(blocking=not usable):
            self._on_result("stale")
            return self._result(entry)
        try:
            # Whoever waited for another's answer was spared the work.
            due = self._age(entry) >= self._kept(entry, fresh)
            self._on_result("miss" if due else "hit")
            if due:
                self._compute(entry, compute)
        finally:
            entry.lock.release()
        return self._result(entry)

    def _entry(self, key: Hashable) -> _Entry:
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
            return entry

    def _compute(self, entry: _Entry, compute: Callable[[], Any]) -> None:
        started = self._clock()
        try:
            entry.value, entry.error = compute(), None
        except Exception as error:  # noqa: BLE001 - raised to everyone who asked, by _result
            entry.error = error
        entry.at = self._clock()
        entry.cost = entry.at - started

    def _age(self, entry: _Entry) -> float:
        return self._clock() - entry.at

    def _kept(self, entry: _Entry, fresh: float) -> float:
        return max(fresh, min(_COST_FACTOR * entry.cost, _LONGEST_KEPT)) if entry.error is None else fresh

    @staticmethod
    def _result(entry: _Entry) -> Any:
        if entry.error is not None:
            raise entry.error
        return entry.value
