"""A stretch of time of one source's series: a dense matrix, a row a series and a column a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias
from uuid import uuid4
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from data.samples.index import SERIES_BYTES, Found
from data.samples.marks import some
from data.samples.model import ABSENT, Labels

_FEWEST_COLUMNS, _MOST_COLUMNS = 20, 1920

#: Positions in an array; a slice wherever they are evenly spaced.
Places: TypeAlias = slice | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SavedChunk:
    """A chunk as the sample file had it; packed: as one piece."""

    name: int
    labels: list[Labels]
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    packed: bool


class Chunk:
    """Rows are added as series appear, columns as time passes; the caller guards it against other threads.

    size: about the bytes at which it is full. A chunk is dropped as a whole: it should be a small part of the budget.
    clean, named, packed: what the sample file holds of it: columns, rows' labels, and whether as one piece.
    """

    def __init__(self, rows: int, size: int, name: int | None = None) -> None:
        # Drawn, not counted: names stay unique in a file that several runs have written.
        self.name = uuid4().int >> 65 if name is None else name
        self.columns = int(np.clip(size // (8 * max(rows, 1)), _FEWEST_COLUMNS, _MOST_COLUMNS))
        self._size = size
        self.count = self.first = self.last = 0
        self.numbers = np.zeros(0, dtype=np.int64)
        self._times = np.zeros(self.columns, dtype=np.int64)
        # Some to spare: the next few new series cost no copy.
        self._values = np.full((rows + rows // 16 + 8, self.columns), ABSENT)
        self._order = np.zeros(0, dtype=np.int64)
        self._places: WeakKeyDictionary[Found, tuple[slice, slice]] = WeakKeyDictionary()
        self.clean = self.named = 0
        self.packed = False

    @classmethod
    def restored(cls, saved: SavedChunk, numbers: NDArray[np.int64], size: int) -> Chunk:
        """The chunk again; `numbers` are those of its rows' series."""
        chunk = cls(len(numbers), size, saved.name)
        chunk._add(numbers)
        missing = max(len(saved.times) - chunk.columns, 0)
        chunk._times = np.append(chunk._times, np.zeros(missing, dtype=np.int64))
        chunk._values = np.pad(chunk._values, ((0, 0), (0, missing)), constant_values=ABSENT)
        chunk.count = chunk.clean = len(saved.times)
        chunk.times[:], chunk.values[:] = saved.times, saved.values
        chunk._set_ends()
        chunk.named, chunk.packed = len(numbers), saved.packed
        return chunk

    @property
    def times(self) -> NDArray[np.int64]:
        """Milliseconds, ascending."""
        return self._times[: self.count]

    @property
    def values(self) -> NDArray[np.float64]:
        """Row i belongs to series `numbers[i]`; a view that later changes show in."""
        return self._values[: len(self.numbers), : self.count]

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        return self._values.nbytes + self._times.nbytes + self.numbers.nbytes + self._order.nbytes

    def takes(self, numbers: NDArray[np.int64]) -> bool:
        """Whether one more column with these series fits; if not, it is time for another chunk."""
        if self.count >= self.columns:
            return False
        rows = len(self.numbers) + int((self.rows(numbers) < 0).sum())
        return rows <= len(self._values) or rows * (self.columns * 8 + SERIES_BYTES) <= 2 * self._size

    def put(self, at: int, numbers: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Set samples at a time: into its column, or into a new one at its place."""
        rows = self.rows(numbers)
        if some(rows < 0):
            self._add(numbers[rows < 0])
            rows = self.rows(numbers)
        column = int(self.times.searchsorted(at))
        if column == self.count or self._times[column] != at:
            self._insert(column, at)
        self._values[rows, column] = values
        self.clean, self.packed = min(self.clean, column), False

    def cut(self, after: int) -> None:
        """Forget what is later."""
        kept = int(self.times.searchsorted(after, side="right"))
        self._values[:, kept:] = ABSENT
        self.count, self.clean, self.packed = kept, 0, False
        self._set_ends()

    def seal(self) -> None:
        """Give back the memory that was meant for more rows and columns."""
        self._values, self._times = self.values.copy(), self.times.copy()

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The row of each series, -1 where it has none."""
        if not len(self.numbers):
            return np.full(len(numbers), -1)
        place = self.numbers.searchsorted(numbers, sorter=self._order)
        rows = self._order[np.minimum(place, len(self._order) - 1)]
        return np.where(self.numbers[rows] == numbers, rows, -1)

    def columns_between(self, start: int, end: int) -> slice:
        """The columns of the times from `start` to `end`, both included."""
        first = 0 if start <= self.first else int(self.times.searchsorted(start))
        last = self.count if end >= self.last else int(self.times.searchsorted(end, side="right"))
        return slice(first, last)

    def places(self, found: Found) -> tuple[Places, Places]:
        """Which of the series it has, and in which rows."""
        known = self._places.get(found)
        if known is not None:
            return known
        rows = self.rows(found.numbers)
        series, held = _sliced(np.flatnonzero(rows >= 0)), _sliced(rows[rows >= 0])
        if isinstance(series, slice) and isinstance(held, slice):
            # Arrays would take as much memory as samples.
            self._places[found] = series, held
        return series, held

    def _set_ends(self) -> None:
        """Its earliest and its latest time."""
        self.first, self.last = (int(self._times[column]) for column in (0, self.count - 1))

    def _add(self, numbers: NDArray[np.int64]) -> None:
        if not len(numbers):
            return
        self.numbers = np.concatenate([self.numbers, numbers])
        self._order = np.argsort(self.numbers)
        self._places.clear()
        missing = len(self.numbers) - len(self._values)
        if missing > 0:
            more = np.full((missing + len(self.numbers) // 4, self._values.shape[1]), ABSENT)
            self._values = np.concatenate([self._values, more])

    def _insert(self, column: int, at: int) -> None:
        if self.count == len(self._times):
            self._times = np.append(self._times, 0)
            self._values = np.concatenate([self._values, np.full((len(self._values), 1), ABSENT)], axis=1)
        if column < self.count:
            self._times[column + 1 : self.count + 1] = self._times[column : self.count].copy()
            self._values[:, column + 1 : self.count + 1] = self._values[:, column : self.count].copy()
            self._values[:, column] = ABSENT
        self._times[column] = at
        self.count += 1
        self._set_ends()


def is_all(places: Places, count: int) -> bool:
    """Whether they are the first so many positions in their order."""
    return isinstance(places, slice) and places.start == 0 and places.stop == count and places.step in (None, 1)


def _sliced(places: NDArray[np.int64]) -> Places:
    if places.size < 2:
        return slice(int(places[0]), int(places[0]) + 1) if places.size else slice(0, 0)
    first, step = int(places[0]), int(places[1] - places[0])
    if step > 0 and (np.diff(places) == step).all():
        return slice(first, int(places[-1]) + 1, step)
    return places
