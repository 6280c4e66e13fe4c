"""Windows that overlap: each is put together from stretches of 1, 2, 4, ... samples that many of them share.

The direct way looks at every sample of every window; this one at every sample about log2(window) times. Nothing is
ever subtracted, so a window's result owes nothing to the samples outside of it. All samples have to be finite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from alerts.promql.frame import Bools, Floats, Ints
from alerts.promql.windows import Windows
from data.samples.model import is_absent, is_stale

#: Squares and sums of larger numbers may overflow: they go the direct way.
_LARGEST = 1e140
#: Looking at a sample costs less than putting stretches together.
_WORTH = 8

Parts = tuple[Floats, ...]
#: Puts two neighbouring stretches together, which have so many samples.
_Join = Callable[[Parts, Parts, Ints | int, Ints | int], Parts]


def slides(window: Windows) -> Floats | None:
    """The windows' samples if this way pays and can be gone, with zeros where there is none."""
    widest, steps = int(window.counts.max(initial=0)), window.ends.size
    if widest * steps <= _WORTH * widest.bit_length() * (window.values.shape[1] + steps):
        return None
    values = np.where(is_absent(window.values) | is_stale(window.values), 0.0, window.values)
    # NaN compares as false.
    return values if (np.abs(values) < _LARGEST).all() else None


def total(window: Windows, values: Floats) -> Floats:
    """The sum, as exact as if it were computed with twice the digits."""
    found, lost = _fold(window, (values, np.zeros_like(values)), _added)
    return found + lost


def mean(window: Windows, values: Floats) -> Floats:
    """The mean; that of equal values is that value."""
    found, lost = _fold(window, (values, np.zeros_like(values)), _added)
    number = np.maximum(window.counts, 1)
    return found / number + lost / number


def variance(window: Windows, values: Floats) -> Floats:
    """The population variance, by Chan's formula for the deviations of two sets taken together."""
    _, squares = _fold(window, (values, np.zeros_like(values)), _pooled)
    return squares / np.maximum(window.counts, 1)


def deviation(window: Windows, values: Floats) -> Floats:
    """The population standard deviation."""
    return np.sqrt(variance(window, values))


def least(window: Windows, values: Floats) -> Floats:
    """The minimum."""
    return _fold(window, (values,), lambda a, b, *_: (np.minimum(a[0], b[0]),))[0]


def greatest(window: Windows, values: Floats) -> Floats:
    """The maximum."""
    return _fold(window, (values,), lambda a, b, *_: (np.maximum(a[0], b[0]),))[0]


def _added(left: Parts, right: Parts, *_: Ints | int) -> Parts:
    """Sums and what rounding took from them (Knuth's two-sum)."""
    found = left[0] + right[0]
    virtual = found - left[0]
    return found, left[1] + right[1] + ((left[0] - (found - virtual)) + (right[0] - virtual))


def _pooled(left: Parts, right: Parts, lefts: Ints | int, rights: Ints | int) -> Parts:
    """Means and sums of squared deviations."""
    apart, share = right[0] - left[0], rights / np.maximum(lefts + rights, 1)
    return left[0] + apart * share, left[1] + right[1] + apart * apart * (lefts * share)


def _fold(window: Windows, samples: Parts, join: _Join) -> Parts:
    """Each window from its stretches, left to right, the shortest first."""
    shape = (len(window.labels), window.ends.size)
    counts = np.broadcast_to(window.counts, shape)
    place = np.broadcast_to(window.first, shape)
    done = np.zeros(shape, dtype=np.int64)
    found: Parts = tuple(np.zeros(shape) for _ in samples)
    for length, parts in _stretches(samples, int(counts.max(initial=0)), join):
        window.spend(parts[0].size + counts.size)
        wanted: Bools = (counts & length) > 0
        if not wanted.any():
            continue
        index = np.minimum(place + done, parts[0].shape[1] - 1)
        picked = tuple(np.take_along_axis(part, index, axis=1) for part in parts)
        joined = join(found, picked, done, length)
        # Where nothing was taken yet there is nothing to join with.
        fresh = done == 0
        found = tuple(
            np.where(wanted, np.where(fresh, new, both), old)
            for new, both, old in zip(picked, joined, found, strict=True)
        )
        done = done + np.where(wanted, length, 0)
    return found


def _stretches(samples: Parts, longest: int, join: _Join) -> Iterator[tuple[int, Parts]]:
    """(length, what it gives from each sample on) of the stretches up to the longest."""
    length, parts = 1, samples
    while True:
        yield length, parts
        if 2 * length > longest:
            return
        parts = join(
            tuple(part[:, :-length] for part in parts), tuple(part[:, length:] for part in parts), length, length
        )
        length *= 2
