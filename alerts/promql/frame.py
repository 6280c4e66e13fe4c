"""An instant vector at every step of a query at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alerts.promql.errors import PromQLError
from data.samples.marks import every, some
from data.samples.model import Labels, LabelSets

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NAME = "__name__"
_SAME_LABELS = "vector cannot contain metrics with the same labelset"


# Never changed, but not frozen: hundreds of them are made in each evaluation of all rules.
@dataclass(slots=True, eq=False)
class Frame:
    """Series by steps: `values[i, s]` means something where `here[i, s]`.

    nameless: series that have lost their name in the meaning but still carry it, so that `by (__name__)` and
    label_replace can use it; it goes at the very end.
    """

    labels: Sequence[Labels]
    values: Floats
    here: Bools
    nameless: Bools

    def take(self, rows: Ints | Bools) -> Frame:
        """The given series, in this order."""
        chosen = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        labels = [self.labels[row] for row in chosen.tolist()]
        return Frame(labels, self.values[chosen], self.here[chosen], self.nameless[chosen])

    def seen(self) -> Frame:
        """Without the series that are nowhere."""
        if every(self.here):
            return self
        rows: Bools = self.here[:, 0] if self.here.shape[1] == 1 else np.asarray(self.here.any(axis=1))
        return self if every(rows) else self.take(rows)

    def unnamed(self, values: Floats) -> Frame:
        """The same series with other values, which their name no longer fits."""
        return Frame(self.labels, values, self.here, np.ones(len(self.labels), dtype=np.bool_))


def frame(labels: Sequence[Labels], values: Floats, here: Bools | None = None, *, nameless: bool = False) -> Frame:
    """A frame whose series are all named or all nameless; `here` is everywhere by default."""
    present = np.ones(values.shape, dtype=np.bool_) if here is None else here
    made = np.ones if nameless else np.zeros
    return Frame(labels, values, present, made(len(labels), dtype=np.bool_))


def empty(steps: int) -> Frame:
    """No series."""
    return frame([], np.empty((0, steps)))


def key_of(labels: Labels) -> Hashable:
    """Equal for equal label sets."""
    return frozenset(labels.items())


def without(labels: Labels, *names: str) -> Labels:
    """The labels but for some."""
    kept = dict(labels)
    for name in names:
        kept.pop(name, None)
    return kept


def numbered(labels: Sequence[Labels], key: Callable[[Labels], Hashable]) -> tuple[Ints, Ints]:
    """The group of each series, counted from 0 as they appear, and the first series of each group."""
    groups: dict[Hashable, int] = {}
    firsts: list[int] = []
    found = np.empty(len(labels), dtype=np.int64)
    for row, each in enumerate(labels):
        group = groups.setdefault(key(each), len(firsts))
        if group == len(firsts):
            firsts.append(row)
        found[row] = group
    return found, np.array(firsts, dtype=np.int64)


def alike(labels: Sequence[Labels]) -> tuple[Ints, Ints]:
    """The same for groups of series with all labels in common."""
    return LabelSets.derive(labels, alike, lambda: numbered(labels, key_of))


def merged(given: Frame) -> Frame:
    """One series for each label set: those that take turns become one, two at the same time are an error."""
    groups, firsts = alike(given.labels)
    if len(firsts) == len(given.labels):
        return given
    shape = (len(firsts), given.values.shape[1])
    count = np.zeros(shape, dtype=np.int64)
    np.add.at(count, groups, given.here)
    if (count > 1).any():
        raise PromQLError(_SAME_LABELS)
    values, nameless = np.zeros(shape), np.ones(len(firsts), dtype=np.bool_)
    rows, steps = np.nonzero(given.here)
    values[groups[rows], steps] = given.values[rows, steps]
    np.logical_and.at(nameless, groups, given.nameless)
    return Frame([given.labels[row] for row in firsts.tolist()], values, count > 0, nameless)


def joined(first: Frame, second: Frame) -> Frame:
    """The series of both."""
    return Frame(
        [*first.labels, *second.labels],
        np.concatenate((first.values, second.values)),
        np.concatenate((first.here, second.here)),
        np.concatenate((first.nameless, second.nameless)),
    )


def named(given: Frame) -> Frame:
    """With the names dropped that no longer fit: what the user gets to see."""
    if not some(given.nameless):
        return given

    def compute() -> tuple[LabelSets, bool]:
        pairs = zip(given.labels, given.nameless.tolist(), strict=True)
        # Series that had one name differ in another label.
        of_one = len({each.get(NAME) for each in given.labels}) == 1
        return LabelSets(without(each, NAME) if nameless else each for each, nameless in pairs), of_one

    labels, of_one = LabelSets.derive(given.labels, (named, given.nameless.tobytes()), compute)
    clean = Frame(labels, given.values, given.here, np.zeros(len(labels), dtype=np.bool_))
    return clean if of_one else merged(clean)
