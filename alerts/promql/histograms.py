"""histogram_quantile over classic buckets: counters with an upper bound in the label `le`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from alerts.promql.frame import Bools, Floats, Frame, Ints, frame, key_of, numbered, without
from data.samples.marks import every, some
from data.samples.model import Labels, LabelSets

_LE = "le"
#: Neighbouring counts that differ by less are taken for one count that rounding has touched.
_TOLERANCE = 1e-12


def histogram_quantile(q: Floats, given: Frame) -> Frame:
    """The q-quantile (a number a step) of each histogram, the label `le` gone."""
    labels, alike = LabelSets.derive(given.labels, histogram_quantile, lambda: _histograms(given.labels))
    shape = (len(labels), q.size)
    values, here = np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    for those, bounds, rows in alike:
        values[those], here[those] = _quantiles(q, bounds, given.values[rows], given.here[rows])
    return frame(labels, values, here, nameless=True).seen()


def _histograms(labels: Sequence[Labels]) -> tuple[LabelSets, list[tuple[list[int], Floats, Ints]]]:
    """The histograms' labels; those with the same buckets, their upper bounds, and the series of each."""
    bounds = np.array([_bound(each.get(_LE, "")) for each in labels])
    buckets = np.flatnonzero(~np.isnan(bounds))
    groups, firsts = numbered([without(labels[row], _LE) for row in buckets.tolist()], key_of)
    order = np.lexsort((bounds[buckets], groups))
    members = np.split(buckets[order], np.flatnonzero(np.diff(groups[order])) + 1)
    alike: dict[bytes, list[int]] = defaultdict(list)
    for group in range(len(firsts)):
        alike[bounds[members[group]].tobytes()].append(group)
    found = [
        (those, bounds[members[those[0]]], np.array([members[group] for group in those])) for those in alike.values()
    ]
    return LabelSets(without(labels[row], _LE) for row in buckets[firsts].tolist()), found


def _bound(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _quantiles(q: Floats, bounds: Floats, counts: Floats, here: Bools) -> tuple[Floats, Bools]:
    """(values, where there are any) of histograms with the same buckets; counts: (histogram, bucket, step)."""
    counts, here = counts.transpose(0, 2, 1), here.transpose(0, 2, 1)
    values = np.full(counts.shape[:2], np.nan)
    ranks = np.broadcast_to(q, values.shape)
    if every(here):
        flat = _interpolated(ranks.reshape(-1), bounds, counts.reshape(-1, bounds.size))
        return flat.reshape(values.shape), here[:, :, 0]
    patterns, which = np.unique(here.reshape(-1, here.shape[2]), axis=0, return_inverse=True)
    which = which.reshape(values.shape)
    for index, pattern in enumerate(patterns):
        if pattern.any():
            cells = which == index
            values[cells] = _interpolated(ranks[cells], bounds[pattern], counts[cells][:, pattern])
    return values, np.asarray(here.any(axis=2))


def _interpolated(q: Floats, bounds: Floats, counts: Floats) -> Floats:
    """Quantiles by linear interpolation within a bucket; bounds ascending, counts: (quantile, bucket)."""
    if bounds[-1] != np.inf:
        return _beyond(q, np.full(q.shape, np.nan))
    if some(bounds[1:] == bounds[:-1]):
        bounds, begins = np.unique(bounds, return_index=True)
        counts = np.add.reduceat(counts, begins, axis=1)
    counts = _monotonic(counts)
    if len(bounds) < 2:
        return _beyond(q, np.full(q.shape, np.nan))
    rank = q * counts[:, -1]
    reached = counts[:, :-1] >= rank[:, None]
    bucket = np.where(reached.any(axis=1), reached.argmax(axis=1), len(bounds) - 1)
    lower = np.maximum(bucket - 1, 0)
    row = np.arange(len(q))
    below = np.where(bucket > 0, counts[row, lower], 0.0)
    start = np.where(bucket > 0, bounds[lower], 0.0)
    within = (rank - below) / (counts[row, bucket] - below)
    result = start + (bounds[bucket] - start) * within
    result = np.where((bucket == 0) & (bounds[0] <= 0), bounds[0], result)
    result = np.where(bucket == len(bounds) - 1, bounds[-2], result)
    return _beyond(q, np.where(counts[:, -1] == 0, np.nan, result))


def _beyond(q: Floats, values: Floats) -> Floats:
    """The values with infinities for a q outside of 0..1 and NaN for NaN."""
    return np.where(np.isnan(q), np.nan, np.where(q < 0, -np.inf, np.where(q > 1, np.inf, values)))


def _monotonic(counts: Floats) -> Floats:
    """Cumulative counts that never fall, differences of mere rounding removed."""
    steps = np.diff(counts, axis=1)
    if every((steps == 0) | (steps >= _TOLERANCE * (np.abs(counts[:, 1:]) + np.abs(counts[:, :-1])))):
        return counts
    counts = counts.copy()
    for bucket in range(1, counts.shape[1]):
        before, count = counts[:, bucket - 1], counts[:, bucket]
        both = np.abs(before) + np.abs(count)
        same = np.abs(count - before) < _TOLERANCE * both
        counts[:, bucket] = np.where(same | (count < before), before, count)
    return counts
