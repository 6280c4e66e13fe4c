"""The metrics of calls as they would have been sampled, made again from the calls themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.samples.model import Block, Labels, Matcher
from monitoring.metrics import CALL_BUCKETS, CALL_STATUSES

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

TOTAL, ACTIVE, DURATION = "voicehive_calls_total", "voicehive_active_calls", "voicehive_call_duration_seconds"
#: What there is a history of as long as there are calls.
NAMES = frozenset({TOTAL, ACTIVE, f"{DURATION}_bucket", f"{DURATION}_sum", f"{DURATION}_count"})
#: As the sampler takes them.
_STEP_MS = 15_000
#: Every so many milliseconds the counts so far are kept.
_MARK_MS = 24 * 3_600_000
#: The upper bounds of the buckets as the exposition writes them.
_BOUNDS = (*(str(bound) for bound in CALL_BUCKETS), "+Inf")


@dataclass(frozen=True, slots=True)
class _Counters:
    """Counters that events raise: `at` (milliseconds, ascending), `row` and `by` of each event."""

    at: Ints
    row: Ints
    by: Floats
    rows: int

    def marks(self, first: int, last: int) -> Floats:
        """(rows, marks): the counts at first, first + _MARK_MS, ..."""
        edges = np.arange(first, last + _MARK_MS, _MARK_MS)
        place = np.searchsorted(edges, self.at)
        counts = np.bincount(self.row * (edges.size + 1) + place, self.by, self.rows * (edges.size + 1))
        return np.cumsum(counts.reshape(self.rows, edges.size + 1)[:, :-1], axis=1)

    def at_times(self, times: Ints, mark: int, base: Floats) -> Floats:
        """(rows, times): the counts at times that lie after the mark, at which they were `base`."""
        first, last = np.searchsorted(self.at, (mark, times[-1]), side="right")
        place = np.searchsorted(times, self.at[first:last])
        counts = np.bincount(self.row[first:last] * times.size + place, self.by[first:last], self.rows * times.size)
        # Of no events numpy counts in integers.
        table = counts.reshape(self.rows, times.size).astype(np.float64, copy=False)
        table[:, 0] += base
        return np.cumsum(table, axis=1, out=table)


class CallSamples:
    """Samples of the call metrics from `start` to `end` (milliseconds), every 15 seconds.

    calls: as data/queries/history.py gives them. target: the labels of who exposes them. All counters are there from
    the start, at 0. Those after the first `agents` names, by calls, count as "other", as in the exporter.
    """

    def __init__(
        self, calls: pd.DataFrame, start: int, end: int, target: Mapping[str, str], *, agents: int = 75
    ) -> None:
        self.start, self.end = start - start % _STEP_MS, end
        self._target = dict(target)
        self._began = np.sort(_milliseconds(calls["started_at"]))
        over = calls[calls["ended_at"].notna()].sort_values("ended_at")
        #: When the first call ended; None without one.
        self.since: int | None = int(over["ended_at"].iloc[0] // 1000) if len(over) else None
        self._ended = _milliseconds(over["ended_at"])
        over = over[over["ended_at"] > start * 1000]
        names = over["agent"].fillna("").astype(str)
        most = set(names.value_counts().index[:agents])
        agent, self._agents = pd.factorize(names.where(names.isin(most), "other"))
        status = pd.Categorical(over["status"].astype(str), categories=list(CALL_STATUSES)).codes
        pair = agent.astype(np.int64) * len(CALL_STATUSES) + status
        at, seconds = (
            _milliseconds(over["ended_at"]),
            over["duration_seconds"].to_numpy(dtype=np.float64, na_value=np.nan),
        )
        timed = seconds >= 0
        # Only what has been observed has a histogram.
        self._timed, row = np.unique(pair[timed], return_inverse=True)
        bucket = np.searchsorted(CALL_BUCKETS, seconds[timed])
        one = np.ones(row.size)
        pairs = len(self._agents) * len(CALL_STATUSES)
        self._counters = {
            "calls": _Counters(at, pair, np.ones(at.size), pairs),
            "timed": _Counters(at[timed], row, one, len(self._timed)),
            "seconds": _Counters(at[timed], row, seconds[timed], len(self._timed)),
            "buckets": _Counters(at[timed], row * len(_BOUNDS) + bucket, one, len(self._timed) * len(_BOUNDS)),
        }
        self._marks = {name: each.marks(self.start, end) for name, each in self._counters.items()}
        self._families = list(self._labelled())
        self._found: dict[tuple[Matcher, ...], list[tuple[str, Ints, list[Labels]]]] = {}

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> list[Block]:
        """As any store of samples."""
        first = -(-max(start, self.start) // _STEP_MS) * _STEP_MS
        times = np.arange(first, min(end, self.end) + 1, _STEP_MS, dtype=np.int64)
        if not times.size or self.since is None:
            return []
        return [
            Block(labels, times, self._values(name, rows, times)) for name, rows, labels in self._find(tuple(matchers))
        ]

    def _find(self, matchers: tuple[Matcher, ...]) -> list[tuple[str, Ints, list[Labels]]]:
        """(family, its rows, their labels) of the series that meet all matchers."""
        if matchers not in self._found:
            self._found[matchers] = [
                (name, np.array(rows), [labels[row] for row in rows])
                for name, labels in self._families
                if (rows := [row for row, each in enumerate(labels) if _meets(matchers, each)])
            ]
        return self._found[matchers]

    def _labelled(self) -> Iterator[tuple[str, list[Labels]]]:
        every = [self._labels(pair) for pair in range(len(self._agents) * len(CALL_STATUSES))]
        timed = [self._labels(pair) for pair in self._timed.tolist()]
        yield ACTIVE, [{**self._target, "__name__": ACTIVE}]
        yield TOTAL, [{**each, "__name__": TOTAL} for each in every]
        for name in (f"{DURATION}_sum", f"{DURATION}_count"):
            yield name, [{**each, "__name__": name} for each in timed]
        name = f"{DURATION}_bucket"
        yield name, [{**each, "__name__": name, "le": bound} for each in timed for bound in _BOUNDS]

    def _labels(self, pair: int) -> dict[str, str]:
        agent, status = self._agents[pair // len(CALL_STATUSES)], CALL_STATUSES[pair % len(CALL_STATUSES)]
        return {"status": status, **({"agent": str(agent)} if agent else {}), **self._target}

    def _values(self, name: str, rows: Ints, times: Ints) -> Floats:
        """(rows, times) of a family."""
        if name == ACTIVE:
            return self._active(times)[None, :]
        if name == TOTAL:
            return self._counts("calls", times)[rows]
        if name == f"{DURATION}_sum":
            return self._counts("seconds", times)[rows]
        if name == f"{DURATION}_count":
            return self._counts("timed", times)[rows]
        if (rows % len(_BOUNDS) == len(_BOUNDS) - 1).all():
            # The bucket of all durations: those who only count need no other.
            return self._counts("timed", times)[rows // len(_BOUNDS)]
        counts = self._counts("buckets", times).reshape(len(self._timed), len(_BOUNDS), times.size)
        for bound in range(1, len(_BOUNDS)):
            counts[:, bound] += counts[:, bound - 1]
        found = counts.reshape(len(self._timed) * len(_BOUNDS), times.size)
        return found if rows.size == len(found) else found[rows]

    def _counts(self, kind: str, times: Ints) -> Floats:
        index = int((times[0] - 1 - self.start) // _MARK_MS)
        counters, marks = self._counters[kind], self._marks[kind]
        if index < 0:
            return counters.at_times(times, self.start - 1, np.zeros(counters.rows))
        return counters.at_times(times, self.start + index * _MARK_MS, marks[:, index])

    def _active(self, times: Ints) -> Floats:
        began = np.searchsorted(self._began, times, side="right")
        ended = np.searchsorted(self._ended, times, side="right")
        return (began - ended).astype(np.float64)


def _meets(matchers: Sequence[Matcher], labels: Labels) -> bool:
    return all(matcher.matches(labels.get(matcher.name, "")) for matcher in matchers)


def _milliseconds(micros: pd.Series) -> Ints:
    return (micros.to_numpy(dtype=np.float64) // 1000).astype(np.int64)
