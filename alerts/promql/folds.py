"""From many values to one, along the last axis; `mask` says which count, None: all.

A fold gets at least one value for each result, or its result is not looked at.
"""

from __future__ import annotations

import numpy as np

from alerts.promql.frame import Bools, Floats
from data.samples.marks import every

_SMALLER = 2.0**-64
#: Bits of a float's fraction.
_DIGITS = 53


def _compensated(values: Floats) -> tuple[Floats, Floats]:
    """The sum and what rounding took from it; not finite where it, or numbers some times as large, would overflow.

    The values are cut at bits so high that their upper parts add up exactly (Rump, Ogita and Oishi, AccSum).
    """
    bits = values.shape[-1].bit_length() + 1
    largest = np.maximum.reduce(np.abs(values), axis=-1, keepdims=True)
    grid = np.ldexp(1.0, np.frexp(largest)[1] + bits)
    part = values + grid
    part -= grid
    found, rest = np.add.reduce(part, axis=-1), values - part
    grid *= 2.0 ** (bits - _DIGITS)
    np.add(rest, grid, out=part)
    part -= grid
    rest -= part
    return found, np.add.reduce(part, axis=-1) + np.add.reduce(rest, axis=-1)


def total(values: Floats, mask: Bools | None) -> Floats:
    """The sum, as exact as if it were computed with twice the digits."""
    if not values.shape[-1]:
        return np.zeros(values.shape[:-1])
    values = values if mask is None else np.where(mask, values, 0.0)
    result, lost = _compensated(values)
    fine = np.isfinite(result)
    if every(fine):
        return result + lost
    # An overflow on the way need not be one of the sum.
    smaller, rest = _compensated(values * _SMALLER)
    smaller = np.where(np.isfinite(smaller), smaller + rest, smaller)
    return np.where(fine, result + lost, smaller / _SMALLER)


def count(values: Floats, mask: Bools | None) -> Floats:
    """How many."""
    if mask is None:
        return np.full(values.shape[:-1], float(values.shape[-1]))
    return np.asarray(np.broadcast_to(mask, values.shape).sum(axis=-1), dtype=np.float64)


def mean(values: Floats, mask: Bools | None) -> Floats:
    """The mean, also of values whose sum is too large for a float."""
    values = values if mask is None else np.where(mask, values, 0.0)
    number = count(values, mask)
    result, lost = _compensated(values)
    fine = np.isfinite(result)
    # What was lost is divided by itself: the mean of equal values is that value.
    average = result / number + lost / number
    return average if every(fine) else np.where(fine, average, total(values / number[..., None], None))


def least(values: Floats, mask: Bools | None) -> Floats:
    """The minimum; NaN only if there is nothing else."""
    return np.asarray(np.fmin.reduce(values if mask is None else np.where(mask, values, np.nan), axis=-1))


def greatest(values: Floats, mask: Bools | None) -> Floats:
    """The maximum; NaN only if there is nothing else."""
    return np.asarray(np.fmax.reduce(values if mask is None else np.where(mask, values, np.nan), axis=-1))


def variance(values: Floats, mask: Bools | None) -> Floats:
    """The population variance."""
    apart = values - mean(values, mask)[..., None]
    return total(apart * apart, mask) / count(values, mask)


def deviation(values: Floats, mask: Bools | None) -> Floats:
    """The population standard deviation."""
    return np.sqrt(variance(values, mask))


def ones(values: Floats, mask: Bools | None) -> Floats:
    """1 whatever the values."""
    return np.ones(values.shape[:-1])


def quantile(values: Floats, mask: Bools | None, q: Floats) -> Floats:
    """The q-quantile by linear interpolation; NaN sorts below everything, q beyond 0..1 gives an infinity."""
    number = count(values, mask)
    ordered = np.sort(values if mask is None else np.where(mask, values, np.nan), axis=-1)
    # Numpy sorts NaN to the end: those that count are moved to the front, those that pad stay out of reach.
    nans = number - (~np.isnan(ordered)).sum(axis=-1)
    q = np.broadcast_to(q, number.shape)
    rank = np.clip(np.nan_to_num(q), 0, 1) * (number - 1)
    low = np.floor(rank)
    weight = rank - low

    def at(place: Floats) -> Floats:
        index = np.clip(place - nans, 0, ordered.shape[-1] - 1).astype(np.int64)
        found = np.take_along_axis(ordered, index[..., None], axis=-1)[..., 0]
        return np.where(place < nans, np.nan, found)

    result = at(low) * (1 - weight) + at(np.minimum(low + 1, number - 1)) * weight
    result = np.where(q < 0, -np.inf, np.where(q > 1, np.inf, result))
    return np.where(np.isnan(q), np.nan, result)
