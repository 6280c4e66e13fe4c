"""What the store has for a selector: the latest samples, or stretches of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np

from alerts.promql.errors import PromQLError
from alerts.promql.frame import Bools, Floats, Frame, Ints, empty, frame, joined, key_of, numbered
from alerts.promql.limits import WEIGHT
from alerts.promql.windows import Windows, windows
from data.samples.marks import some
from data.samples.model import ABSENT, Block, Labels, Matcher, Samples, is_absent, is_stale

_Spend = Callable[[int], None]


def latest(
    samples: Samples, matchers: Sequence[Matcher], ends: Ints, lookback: int, spend: _Spend, *, sampled: bool = False
) -> Frame:
    """The latest sample at each of `ends` (ascending), at most `lookback` old; or, `sampled`, its time in seconds."""
    blocks = _blocks(samples, matchers, int(ends[0]) - lookback + 1, int(ends[-1]), spend)
    parts = []
    for block in blocks:
        spend(WEIGHT * len(block.labels) * ends.size)
        values, times, here = _latest(block, ends, lookback)
        shown = np.asarray(np.broadcast_to(times, values.shape) / 1000) if sampled else values
        parts.append(frame(block.labels, shown, here).seen())
    return reduce(joined, parts) if parts else empty(ends.size)


def _latest(block: Block, ends: Ints, lookback: int) -> tuple[Floats, Ints, Bools]:
    """(values, times, where there is one) of a block's series at each end; times may be those of all series."""
    values = block.values[:, -1:]
    if ends.size == 1 and not some(np.isnan(values)):
        # Nothing in the block is later than the end, or too old; and whatever means no value is a NaN.
        return values, block.times[-1:], np.ones(values.shape, dtype=np.bool_)
    index = (block.times.searchsorted(ends, side="right") - 1)[None, :]
    values = block.values.take(index[0], axis=1, mode="clip")
    # Who is there at all of these columns has nothing to be looked for before them.
    if some(is_absent(values)):
        filled = np.where(is_absent(block.values), -1, np.arange(block.times.size))
        index = np.where(index < 0, -1, np.maximum.accumulate(filled, axis=1).take(index[0], axis=1))
        values = np.take_along_axis(block.values, np.maximum(index, 0), axis=1)
    times = block.times.take(index, mode="clip")
    return values, times, (index >= 0) & (times > ends - lookback) & ~is_stale(values)


def stretches(
    samples: Samples, matchers: Sequence[Matcher], bounds: tuple[Ints, Ints, Ints], spend: _Spend
) -> list[Windows]:
    """All samples in each of the stretches (start, end]; bounds: (starts, ends, the steps' instants), ascending."""
    blocks = _blocks(samples, matchers, int(bounds[0][0]) + 1, int(bounds[1][-1]), spend)
    return [
        windows(
            (block.labels, block.times, block.values, _valid(block.values)),
            bounds,
            np.zeros(len(block.labels), dtype=np.bool_),
            spend,
        )
        for block in blocks
    ]


def _valid(values: Floats) -> Bools:
    if not some(np.isnan(values)):
        return np.ones((1, 1), dtype=np.bool_)
    return ~(is_stale(values) | is_absent(values))


def _blocks(samples: Samples, matchers: Sequence[Matcher], start: int, end: int, spend: _Spend) -> list[Block]:
    """The store's blocks that hold anything."""
    if end < start:
        return []
    blocks = [block for block in samples.select(matchers, start, end) if block.times.size and len(block.labels)]
    spend(sum(block.values.size for block in blocks))
    return _united(blocks) if len(blocks) > 1 else blocks


def _united(blocks: list[Block]) -> list[Block]:
    """The blocks with each series in one of them only; those that share a series become one block."""
    keys = [frozenset(key_of(each) for each in block.labels) for block in blocks]
    if sum(map(len, keys)) == len(frozenset().union(*keys)):
        return blocks
    labels: list[Labels] = [each for block in blocks for each in block.labels]
    groups, firsts = numbered(labels, key_of)
    times = np.unique(np.concatenate([block.times for block in blocks]))
    values = np.full((len(firsts), times.size), ABSENT)
    row = 0
    for block in blocks:
        rows = groups[row : row + len(block.labels), None]
        columns = np.searchsorted(times, block.times)[None, :]
        known = values[rows, columns]
        if (~is_absent(known) & ~is_absent(block.values)).any():
            raise PromQLError("the store has two samples of one series at one time")
        values[rows, columns] = np.where(is_absent(block.values), known, block.values)
        row += len(block.labels)
    return [Block([labels[first] for first in firsts.tolist()], times, values)]
