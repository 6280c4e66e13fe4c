"""Functions of range vectors: rates, changes and everything `..._over_time`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from alerts.promql import folds, sliding
from alerts.promql.frame import Bools, Floats, Frame, Ints
from alerts.promql.windows import Windows
from data.samples.marks import some

_Fold = Callable[[Floats, Bools | None], Floats]
_Slide = Callable[[Windows, Floats], Floats]


def _drops(values: Floats) -> Bools:
    """Where a counter was reset: between samples k and k + 1."""
    return values[:, 1:] < values[:, :-1]


def _lost(window: Windows) -> Floats:
    """What a counter lost by its resets in each window: the value before each of them."""
    drops = _drops(window.values)
    if not some(drops):
        return np.zeros((1, window.ends.size))
    before = np.where(drops, window.values[:, :-1], 0.0)
    # An infinity in a running sum would spoil all windows behind it.
    infinite = np.isinf(before)
    lost = window.between(np.where(infinite, 0.0, before))
    return np.where(window.between(infinite) > 0, np.inf, lost) if infinite.any() else lost


def _extrapolated(window: Windows, *, counter: bool, per_second: bool) -> Frame:
    """The increase over the whole window from that between its first and last sample.

    Up to an edge if a sample is near it, else by half a sample's distance; a counter not to below zero.
    """
    first, last = window.pick(window.values, window.first), window.pick(window.values, window.last - 1)
    began, ended = window.pick(window.times, window.first), window.pick(window.times, window.last - 1)
    increase = last - first
    if counter:
        increase = increase + _lost(window)
    sampled = (ended - began) / 1000
    between = sampled / (window.counts - 1)
    to_start, to_end = (began - window.starts) / 1000, (window.ends - ended) / 1000
    near = between * 1.1
    to_start = np.where(to_start >= near, between / 2, to_start)
    if counter:
        to_zero = np.where((increase > 0) & (first >= 0), sampled * (first / increase), to_start)
        to_start = np.where(to_zero < to_start, to_zero, to_start)
    to_end = np.where(to_end >= near, between / 2, to_end)
    factor = (sampled + to_start + to_end) / sampled
    if per_second:
        factor = factor / ((window.ends - window.starts) / 1000)
    return window.frame(increase * factor, window.counts >= 2)


def _last_two(window: Windows, *, counter: bool) -> Frame:
    """The difference of the last two samples; of a counter per second and as if it had started from 0 at a reset."""
    before, last = window.pick(window.values, window.last - 2), window.pick(window.values, window.last - 1)
    result = last - before
    if counter:
        passed = window.pick(window.times, window.last - 1) - window.pick(window.times, window.last - 2)
        result = np.where(last < before, last, result) / (passed / 1000)
    return window.frame(result, window.counts >= 2)


def _changes(window: Windows) -> Frame:
    before, after = window.values[:, :-1], window.values[:, 1:]
    changed = (before != after) & ~(np.isnan(before) & np.isnan(after))
    return window.frame(window.between(changed), window.counts >= 1)


def _resets(window: Windows) -> Frame:
    return window.frame(window.between(_drops(window.values)), window.counts >= 1)


def _folded(fold: _Fold, slide: _Slide | None = None) -> Callable[[Windows], Frame]:
    """A fold over each window; `slide` does the same for many long windows that overlap."""

    def over_time(window: Windows) -> Frame:
        values = sliding.slides(window) if slide else None
        if slide and values is not None:
            return window.frame(slide(window, values), window.counts >= 1)
        return window.frame(window.fold(lambda values, mask, *_: fold(values, mask)), window.counts >= 1)

    return over_time


def _absolute_deviation(values: Floats, mask: Bools | None) -> Floats:
    half = np.array(0.5)
    median = folds.quantile(values, mask, half)
    return folds.quantile(np.abs(values - median[..., None]), mask, half)


def _count(window: Windows) -> Frame:
    return window.frame(window.counts.astype(np.float64), window.counts >= 1)


def _present(window: Windows) -> Frame:
    return window.frame(np.ones((1, 1)), window.counts >= 1)


def _last(window: Windows) -> Frame:
    return window.frame(window.pick(window.values, window.last - 1), window.counts >= 1, keep_name=True)


def _line(window: Windows) -> tuple[Floats, Floats]:
    """(slope per second, value at the first sample) of the least-squares line through each window's samples."""
    shape = (len(window.labels), window.ends.size)
    starts = np.zeros(shape)

    def slope(y: Floats, mask: Bools | None, times: Ints, steps: slice) -> Floats:
        x = np.broadcast_to((times - times[..., :1]) / 1000, y.shape)
        number = folds.count(y, mask)
        mean_x, mean_y = folds.mean(x, mask), folds.mean(y, mask)
        apart = x - mean_x[..., None]
        found = folds.total(apart * (y - mean_y[..., None]), mask) / folds.total(apart * apart, mask)
        same = y == y[..., :1]
        constant = (same if mask is None else same | ~mask).all(axis=-1) & (number > 0)
        level = np.where(np.isinf(y[..., 0]), np.nan, y[..., 0])
        flat = np.where(np.isnan(level), np.nan, 0.0)
        starts[:, steps] = np.where(constant, level, mean_y - found * mean_x)
        return np.where(constant, flat, found)

    return window.fold(slope), starts


def _derivative(window: Windows) -> Frame:
    return window.frame(_line(window)[0], window.counts >= 2)


def predict_linear(window: Windows, ahead: Floats) -> Frame:
    """The value `ahead` seconds after each step by the line through the window's samples."""
    slope, start = _line(window)
    since = (window.at - window.pick(window.times, window.first)) / 1000
    return window.frame(start + slope * (since + ahead), window.counts >= 2)


def quantile_over_time(window: Windows, q: Floats) -> Frame:
    """The q-quantile of each window's samples."""
    values = window.fold(lambda values, mask, _, steps: folds.quantile(values, mask, q[steps]))
    return window.frame(values, window.counts >= 1)


#: Functions of a range vector alone.
OVER_TIME: dict[str, Callable[[Windows], Frame]] = {
    "rate": lambda window: _extrapolated(window, counter=True, per_second=True),
    "increase": lambda window: _extrapolated(window, counter=True, per_second=False),
    "delta": lambda window: _extrapolated(window, counter=False, per_second=False),
    "irate": lambda window: _last_two(window, counter=True),
    "idelta": lambda window: _last_two(window, counter=False),
    "changes": _changes,
    "resets": _resets,
    "deriv": _derivative,
    "avg_over_time": _folded(folds.mean, sliding.mean),
    "min_over_time": _folded(folds.least, sliding.least),
    "max_over_time": _folded(folds.greatest, sliding.greatest),
    "sum_over_time": _folded(folds.total, sliding.total),
    "stddev_over_time": _folded(folds.deviation, sliding.deviation),
    "stdvar_over_time": _folded(folds.variance, sliding.variance),
    "mad_over_time": _folded(_absolute_deviation),
    "count_over_time": _count,
    "present_over_time": _present,
    "last_over_time": _last,
}
