"""What the store has for a selector: the latest samples, or stretches of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from alerts.promql.errors import PromQLError
from alerts.promql.frame import Bools, Floats, Frame, Ints, empty, frame, key_of, numbered
from alerts.promql.limits import WEIGHT
from alerts.promql.windows import Windows, windows
from data.samples.model import ABSENT, Block, Labels, Matcher, Samples, is_absent, is_stale

_Spend = Callable[[int], None]


def latest(samples: Samples, matchers: Sequence[Matcher], ends: Ints, lookback: int, spend: _Spend) -> list[Frame]:
    """The latest sample at each of `ends`, at most `lookback` old, and the instants of these samples.

    Two frames of the same series: values, and times in seconds.
    """
    found = [empty(ends.size), empty(ends.size)]
    blocks = _blocks(samples, matchers, int(ends.min()) - lookback + 1, int(ends.max()), spend)
    parts = [_latest(block, ends, lookback, spend) for block in blocks]
    for index in range(2) if parts else ():
        values = np.concatenate([part[index] for part in parts])
        here = np.concatenate([part[2] for part in parts])
        labels = list(itertools.chain.from_iterable(block.labels for block in blocks))
        found[index] = frame(labels, values, here).seen()
    return found


def _latest(block: Block, ends: Ints, lookback: int, spend: _Spend) -> tuple[Floats, Floats, Bools]:
    """(values, times in seconds, where there is one) of a block's series at each end."""
    spend(WEIGHT * len(block.labels) * ends.size)
    column = np.searchsorted(block.times, ends, side="right") - 1
    index = np.broadcast_to(column, (len(block.labels), ends.size))
    absent = is_absent(block.values)
    if absent.any():
        filled = np.where(absent, -1, np.arange(block.times.size))
        index = np.where(column < 0, -1, np.maximum.accumulate(filled, axis=1)[:, column])
    values = np.take_along_axis(block.values, np.maximum(index, 0), axis=1)
    times = block.times[np.maximum(index, 0)]
    here = (index >= 0) & (times > ends - lookback) & ~is_stale(values)
    return values, times / 1000, here


def stretches(
    samples: Samples, matchers: Sequence[Matcher], bounds: tuple[Ints, Ints, Ints], spend: _Spend
) -> list[Windows]:
    """All samples in each of the stretches (start, end]; bounds: (starts, ends, the steps' instants)."""
    blocks = _blocks(samples, matchers, int(bounds[0].min()) + 1, int(bounds[1].max()), spend)
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
    if not np.isnan(values).any():
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
