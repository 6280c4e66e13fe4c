"""What came of a backtest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data.samples.model import Labels


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of time in which an alert would have been firing (milliseconds); `open`: it still is at the end.

    peak: the value that was the farthest beyond the threshold.
    """

    start: int
    end: int
    labels: Labels
    peak: float
    open: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """One alerting rule over the past.

    since: from when on it could be judged (milliseconds; None: not at all). unknown: the metrics it looks at that have
    no history, or only from an instant on. error, failed: why, and at how many steps, its expression had no answer.
    """

    group: str
    alert: str
    expr: str
    labels: Mapping[str, str]
    intervals: Sequence[Interval]
    since: int | None
    unknown: Mapping[str, int | None]
    error: str = ""
    failed: int = 0

    @property
    def seconds(self) -> float:
        """How long it would have been firing for any labels."""
        total, reached = 0, 0
        for each in sorted(self.intervals, key=lambda each: each.start):
            total += max(each.end - max(each.start, reached), 0)
            reached = max(reached, each.end)
        return total / 1000

    @property
    def sentence(self) -> str:
        """What would have been, in words."""
        if self.since is None:
            return f"could not be judged: no history of {', '.join(self.unknown)}"
        if self.error and not self.intervals:
            return f"could not be judged: {self.error}"
        if not self.intervals:
            return "would not have fired"
        times = len(self.intervals)
        often = "once" if times == 1 else f"{times:,} times"
        return f"would have fired {often}, {lasting(self.seconds)} in all"


@dataclass(frozen=True, slots=True)
class Backtest:
    """All alerting rules that were asked for, over [start, end] every `step` (milliseconds)."""

    start: int
    end: int
    step: int
    outcomes: Sequence[Outcome]


def lasting(seconds: float) -> str:
    """A time as people say it: 43 min, 5 h 12 min, 2 d 3 h."""
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 1440:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"
