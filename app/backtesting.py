"""Backtests of the app's own rules: the samples they are judged over, one at a time, within a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence

from alerts.backtest import MINUTE_MS, Backtest, Past, Stopped, backtest
from alerts.backtest.plan import earliest
from alerts.rules import RuleFile
from app.settings import Settings
from data.queries.history import Ask, call_history
from data.samples.calls import CallSamples
from data.samples.model import Samples
from data.samples.targets import OWN_JOB

DAY_MS = 86_400_000
#: How long a reader of a page waits.
_LONGEST_SECONDS = 60.0


class Busy(Exception):
    """Another backtest is running."""


def over_days(
    settings: Settings,
    ask: Ask,
    kept: Samples,
    versions: Sequence[RuleFile],
    days: float,
    now: float,
    *,
    names: Collection[str] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> list[Backtest]:
    """Each version of the rules over the same days before `now` (seconds); raises Stopped.

    Calls are asked for with `ask` and counted as this process would have exposed them; all else is in `kept`.
    """
    end = int(now * 1000) // MINUTE_MS * MINUTE_MS
    start = end - round(days * DAY_MS) // MINUTE_MS * MINUTE_MS
    first = min(earliest(rules, start, MINUTE_MS, names) for rules in versions)
    calls = call_history(ask, first * 1000, end * 1000)
    past = Past(CallSamples(calls, first, end, {"job": OWN_JOB, "instance": settings.exporter}), kept)
    return [backtest(rules, past, start, end, names=names, stop=stop) for rules in versions]


class Backtests:
    """Runs backtests one at a time; another thread can stop the one that runs."""

    def __init__(self, settings: Settings, ask: Ask, kept: Samples, *, longest: float = _LONGEST_SECONDS) -> None:
        self._settings, self._ask, self._kept = settings, ask, kept
        self._longest = longest
        self._running = threading.Lock()
        self._given_up = threading.Event()

    def cancel(self) -> None:
        """Stop the backtest that runs, if one does."""
        self._given_up.set()

    def run(self, versions: Sequence[RuleFile], days: float, names: Collection[str]) -> list[Backtest]:
        """Each version of the rules over the same days up to now; Busy, or Stopped with the reason."""
        if not self._running.acquire(blocking=False):
            raise Busy
        try:
            self._given_up.clear()
            deadline = time.monotonic() + self._longest
            return over_days(
                *(self._settings, self._ask, self._kept, versions, days, time.time()),
                names=names,
                stop=lambda: self._given_up.is_set() or time.monotonic() > deadline,
            )
        except Stopped:
            reason = "it was cancelled" if self._given_up.is_set() else f"it took longer than {self._longest:g} s"
            raise Stopped(reason) from None
        finally:
            self._running.release()
