"""The series of one source: each has a number, found by its labels or by matchers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.samples.model import Labels, LabelSets, Matcher

Key = frozenset[tuple[str, str]]
#: Rules and dashboards ask with the same selectors again and again; more than these are strangers.
_CACHED = 256
#: What the labels of a series take in memory, about.
SERIES_BYTES = 1_000


@dataclass(frozen=True, eq=False)
class Found:
    """The series that meet some matchers: numbers, ascending, and labels; the same object until series come or go."""

    numbers: NDArray[np.int64]
    labels: LabelSets


class SeriesIndex:
    """Numbers series and finds them; the caller guards it against other threads."""

    def __init__(self) -> None:
        self.labels: dict[int, Labels] = {}
        self._numbers: dict[Key, int] = {}
        self._holders: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        self._found: dict[tuple[Matcher, ...], Found] = {}
        self._next = 0

    def number(self, labels: Labels) -> int:
        """The number of a series; a new one gets the next."""
        key = frozenset(labels.items())
        found = self._numbers.get(key)
        if found is not None:
            return found
        number, self._next = self._next, self._next + 1
        self._numbers[key] = number
        self.labels[number] = dict(labels)
        for name, value in labels.items():
            self._holders[name][value].add(number)
        self._found.clear()
        return number

    def keep(self, numbers: Collection[int]) -> None:
        """Forget all other series."""
        for number in self.labels.keys() - numbers:
            labels = self.labels.pop(number)
            del self._numbers[frozenset(labels.items())]
            for name, value in labels.items():
                values = self._holders[name]
                values[value].discard(number)
                if not values[value]:
                    del values[value]
                if not values:
                    del self._holders[name]
            self._found.clear()

    def find(self, matchers: Sequence[Matcher]) -> Found:
        """The series that meet all matchers; ValueError for a bad pattern."""
        asked = tuple(matchers)
        found = self._found.get(asked)
        if found is None:
            numbers = sorted(self._search(asked))
            found = Found(np.array(numbers, dtype=np.int64), LabelSets(self.labels[number] for number in numbers))
            if len(self._found) >= _CACHED:
                self._found.clear()
            self._found[asked] = found
        return found

    def _search(self, matchers: Sequence[Matcher]) -> Collection[int]:
        found: Collection[int] | None = None
        # The narrowest first: an equation is one look-up.
        for matcher in sorted(matchers, key=lambda m: m.op != "="):
            holders = self._holders.get(matcher.name, {})
            if matcher.op == "=" and matcher.value:
                chosen = holders.get(matcher.value, set())
                found = set(chosen) if found is None else chosen & set(found)
            elif matcher.matches(""):
                # A series without the label meets it too: take away those whose value does not.
                unfit = set[int]().union(*(held for value, held in holders.items() if not matcher.matches(value)))
                found = (self.labels.keys() if found is None else set(found)) - unfit
            else:
                fit = set[int]().union(*(held for value, held in holders.items() if matcher.matches(value)))
                found = fit if found is None else fit & set(found)
        return self.labels.keys() if found is None else found
