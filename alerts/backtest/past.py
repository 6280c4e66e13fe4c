"""The samples that rules are judged over: what was kept, what is made again from calls, and what the rules record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from alerts.promql.frame import Bools, Floats, Ints
from alerts.states import ALERT_SERIES, Fingerprint, fingerprint
from data.samples.calls import NAMES, CallSamples
from data.samples.model import ABSENT, STALE, Block, Labels, Matcher, Samples, is_absent, is_stale

#: 200 MB of recorded values.
_MOST_CELLS = 25_000_000


class TooMuch(ValueError):
    """A rule records more than fits."""


class Table:
    """What one rule records at its turns, all of which are known beforehand: a row a series.

    names: those that its series may have.
    """

    def __init__(self, names: Sequence[str], times: Ints) -> None:
        self.names, self.times = names, times
        self.labels: list[Labels] = []
        self._rows: dict[Fingerprint, int] = {}
        self._values = np.empty((0, times.size))

    def row(self, labels: Labels) -> int:
        """The row of a series; a new one is empty."""
        row = self._rows.setdefault(fingerprint(labels), len(self.labels))
        if row == len(self.labels):
            self.labels.append(labels)
            if row >= len(self._values):
                if (row + 1) * self.times.size > _MOST_CELLS:
                    raise TooMuch("it records more series than a backtest can hold")
                more = np.full((max(row, 1), self.times.size), ABSENT)
                self._values = np.concatenate((self._values, more))
        return row

    def put(self, first: int, rows: Sequence[int], values: Floats, here: Bools) -> None:
        """Set what was recorded from the turn `first` on; series that end get their marker."""
        steps = slice(first, first + values.shape[1])
        part = np.full((len(self.labels), values.shape[1]), ABSENT)
        part[list(rows)] = np.where(here, values, ABSENT)
        gone = is_absent(part)
        before = np.empty_like(part)
        before[:, 1:] = part[:, :-1]
        before[:, 0] = self._values[: len(self.labels), first - 1] if first else ABSENT
        part[gone & ~is_absent(before) & ~is_stale(before)] = STALE
        self._values[: len(self.labels), steps] = part

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> Block | None:
        """As a store of samples."""
        rows = [row for row, each in enumerate(self.labels) if _meets(matchers, each)]
        first, last = np.searchsorted(self.times, start), np.searchsorted(self.times, end, side="right")
        if not rows or first >= last:
            return None
        values = np.ascontiguousarray(self._values[rows, first:last])
        return Block([self.labels[row] for row in rows], self.times[first:last], values)

    def begins(self) -> dict[Fingerprint, int]:
        """When each series was recorded first."""
        there = ~is_absent(self._values[: len(self.labels)])
        firsts = np.where(there.any(axis=1), self.times[there.argmax(axis=1)], np.iinfo(np.int64).max)
        return {key: int(firsts[row]) for key, row in self._rows.items()}


class Past:
    """A store of samples of the past.

    Call metrics come from the calls themselves, all others from `kept`. What rules record is computed anew; of
    recorded series the kept ones count until the first sample that is computed, as what they were computed from may be
    gone by now.
    """

    def __init__(self, calls: CallSamples, kept: Samples) -> None:
        self._calls, self._kept = calls, kept
        self.tables: list[Table] = []

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> list[Block]:
        """The series that meet all matchers with their samples from `start` to `end`, both included (milliseconds)."""
        name = next((m.value for m in matchers if m.name == "__name__" and m.op == "="), None)
        blocks = self._calls.select(matchers, start, end) if name is None or name in NAMES else []
        tables = [table for table in self.tables if name is None or name in table.names]
        blocks += [found for table in tables if (found := table.select(matchers, start, end)) is not None]
        if name is None or (name not in NAMES and name not in ALERT_SERIES):
            blocks += self._others(matchers, start, end)
        return blocks

    def first(self, name: str, start: int, end: int) -> int | None:
        """When the first sample of a metric was taken within a time; None without one."""
        if name in NAMES:
            return None if self._calls.since is None or self._calls.since > end else max(self._calls.since, start)
        blocks = self._kept.select([Matcher("__name__", "=", name)], start, end)
        firsts = [int(block.times[~is_absent(block.values).all(axis=0)].min()) for block in blocks if block.times.size]
        return min(firsts, default=None)

    def _others(self, matchers: Sequence[Matcher], start: int, end: int) -> list[Block]:
        """What was kept, without what is made again or computed anew."""
        found = []
        recorded = frozenset(name for table in self.tables for name in table.names)
        begins: Mapping[Fingerprint, int] = {}
        for block in self._kept.select(matchers, start, end):
            names = [each.get("__name__", "") for each in block.labels]
            if recorded.intersection(names) and not begins:
                begins = self._begins()
            rows = [row for row, name in enumerate(names) if name not in NAMES and name not in ALERT_SERIES]
            values = block.values[rows]
            labels = [block.labels[row] for row in rows]
            for row, each in enumerate(labels):
                if (begun := begins.get(fingerprint(each))) is not None:
                    values[row, block.times >= begun] = ABSENT
            if rows:
                found.append(Block(labels, block.times, np.ascontiguousarray(values)))
        return found

    def _begins(self) -> dict[Fingerprint, int]:
        found: dict[Fingerprint, int] = {}
        for table in self.tables:
            for key, at in table.begins().items():
                found[key] = min(at, found.get(key, at))
        return found


def _meets(matchers: Sequence[Matcher], labels: Labels) -> bool:
    return all(matcher.matches(labels.get(matcher.name, "")) for matcher in matchers)
