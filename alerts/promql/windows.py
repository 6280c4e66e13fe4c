"""Range vectors: for every series and step, the samples of a stretch of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from alerts.promql.frame import Bools, Floats, Frame, Ints, frame
from alerts.promql.limits import WEIGHT
from data.samples.marks import every, some
from data.samples.model import Labels

#: How many values are laid out in one piece.
_PIECE = 1 << 21


@dataclass(slots=True, eq=False)
class Windows:
    """Samples `values[i, first[i, s]:last[i, s]]` of series i at step s.

    `times` (milliseconds), `first` and `last` have one row if all series were sampled together, else one for each.
    starts, ends: the stretches (start, end] of time; at: the steps' own instants; milliseconds.
    """

    labels: Sequence[Labels]
    times: Ints
    values: Floats
    first: Ints
    last: Ints
    starts: Ints
    ends: Ints
    at: Ints
    nameless: Bools
    spend: Callable[[int], None]

    @property
    def counts(self) -> Ints:
        """How many samples."""
        return self.last - self.first

    def pick(self, among: Floats | Ints, index: Ints) -> Floats:
        """What stands at one place of each window, as floats."""
        index = np.minimum(np.maximum(index, 0), among.shape[1] - 1)
        if len(index) == 1:
            return np.asarray(among.take(index[0], axis=1), dtype=np.float64)
        if len(among) == 1:
            return np.asarray(among[0][index], dtype=np.float64)
        return np.asarray(np.take_along_axis(among, index, axis=1), dtype=np.float64)

    def between(self, marks: Floats | Bools) -> Floats:
        """The sum of what belongs to neighbours (marks[:, k]: samples k and k + 1) within each window."""
        if not some(marks):
            return np.zeros((len(self.labels), self.ends.size))
        sums = np.zeros((marks.shape[0], marks.shape[1] + 1))
        np.cumsum(marks, axis=1, out=sums[:, 1:])
        return self.pick(sums, self.last - 1) - self.pick(sums, self.first)

    def frame(self, values: Floats, here: Bools, *, keep_name: bool = False) -> Frame:
        """A result for each series and step."""
        shape = (len(self.labels), self.ends.size)
        if values.shape != shape:
            values = np.broadcast_to(values, shape)
        if here.shape != shape:
            here = here | np.zeros(shape, dtype=np.bool_)
        found = frame(self.labels, values, here, nameless=True)
        if keep_name:
            found = Frame(found.labels, found.values, found.here, self.nameless)
        return found.seen()

    def fold(self, function: Callable[[Floats, Bools | None, Ints, slice], Floats]) -> Floats:
        """A function of (values, mask, times, steps) over each window.

        Values, mask and times are (series or 1, steps, samples); mask is None where every sample counts.
        """
        result = np.zeros((len(self.labels), self.ends.size))
        for steps in self._pieces():
            first, last = self.first[:, steps], self.last[:, steps]
            width = int((last - first).max(initial=0))
            self.spend(len(self.labels) * width * (steps.stop - steps.start))
            if not width:
                continue
            if first.size == 1:
                span = slice(int(first[0, 0]), int(last[0, 0]))
                result[:, steps] = function(self.values[:, None, span], None, self.times[:, None, span], steps)
                continue
            index = first[..., None] + np.arange(width)
            mask = index < last[..., None]
            index = np.minimum(index, self.times.shape[1] - 1)
            times, values = self._laid_out(index)
            result[:, steps] = function(values, None if every(mask) else mask, times, steps)
        return result

    def _pieces(self) -> Iterator[slice]:
        """Slices of the steps that are small enough to lay out."""
        width = int(self.counts.max(initial=0))
        size = max(_PIECE // max(len(self.labels) * width, 1), 1)
        for start in range(0, self.ends.size, size):
            yield slice(start, min(start + size, self.ends.size))

    def _laid_out(self, index: Ints) -> tuple[Ints, Floats]:
        """Times and values at (series or 1, steps, samples)."""
        if len(index) > 1:
            rows = np.arange(len(index))[:, None, None]
            return self.times[rows if len(self.times) > 1 else 0, index], self.values[rows, index]
        # As `take` lays them out, what is folded lies together.
        return self.times.take(index[0], axis=1), self.values.take(index[0], axis=1)


def windows(
    block: tuple[Sequence[Labels], Ints, Floats, Bools],
    bounds: tuple[Ints, Ints, Ints],
    nameless: Bools,
    spend: Callable[[int], None],
) -> Windows:
    """Windows over (labels, times, values, which values are samples) at (starts, ends, the steps' instants)."""
    labels, times, values, valid = block
    starts, ends, at = bounds
    spend(WEIGHT * len(labels) * ends.size)
    first = times.searchsorted(starts, side="right")[None, :]
    last = np.maximum(times.searchsorted(ends, side="right")[None, :], first)
    times = times[None, :]
    if not every(valid):
        # Samples of each series are moved together, so that its windows have no holes.
        before = np.zeros((len(valid), valid.shape[1] + 1), dtype=np.int64)
        np.cumsum(valid, axis=1, out=before[:, 1:])
        first, last = before[:, first[0]], before[:, last[0]]
        order = np.argsort(~valid, axis=1, kind="stable")
        times, values = times[0][order], np.take_along_axis(values, order, axis=1)
    return Windows(labels, times, values, first, last, starts, ends, at, nameless, spend)
