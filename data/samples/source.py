"""The samples of one source (a target, or the recorded series): a row of chunks and the index of their series.

Its caller guards it against other threads.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from data.samples.chunk import Chunk, SavedChunk, is_all
from data.samples.index import SERIES_BYTES, SeriesIndex
from data.samples.marks import some
from data.samples.model import ABSENT, STALE, Block, Labels, Matcher, is_absent, is_stale


@dataclass(frozen=True, slots=True)
class Piece:
    """Columns of a chunk for the sample file, with the labels of the rows from `first_row` on.

    whole: it replaces all that the file has of the chunk; else its one column is added, and what is later goes.
    """

    source: str
    chunk: Chunk
    whole: bool
    column: int
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    first_row: int
    labels: list[Labels]


class Source:
    """Chunks in the order of their times; the last one is being filled. chunk_size: bytes, about."""

    def __init__(self, chunk_size: int) -> None:
        self._chunk_size = chunk_size
        self.index = SeriesIndex()
        self.chunks: list[Chunk] = []
        self._full_nbytes: int | None = None

    @property
    def nbytes(self) -> int:
        """Memory in bytes, about."""
        if self._full_nbytes is None:
            self._full_nbytes = sum(chunk.nbytes for chunk in self.chunks[:-1])
        last = self.chunks[-1].nbytes if self.chunks else 0
        return self._full_nbytes + last + SERIES_BYTES * len(self.index.labels)

    def _between(self, start: int, end: int) -> Iterator[tuple[Chunk, slice]]:
        """The chunks that have times from `start` to `end`, both included, and the columns of these."""
        # Most queries look at the last one only.
        newest = len(self.chunks) < 2 or start > self.chunks[-2].last
        place = -1 if newest else bisect_left(self.chunks, start, key=lambda chunk: chunk.last)
        for chunk in self.chunks[place:]:
            if chunk.first > end:
                return
            columns = chunk.columns_between(start, end)
            if columns.start < columns.stop:
                yield chunk, columns

    def put(self, at: int, samples: Iterable[tuple[Labels, float]], *, whole: bool) -> None:
        """Take samples in at a time; whole: series alive until then that are not among them get a stale marker."""
        values: dict[int, float] = {}
        for labels, value in samples:
            # Of two samples of one series the first counts, as in Prometheus.
            values.setdefault(self.index.number(labels), value)
        if whole:
            values |= dict.fromkeys(self._alive_before(at) - values.keys(), STALE)
        if values:
            numbers = np.fromiter(values, dtype=np.int64)
            self._chunk(at, numbers).put(at, numbers, np.fromiter(values.values(), dtype=np.float64))

    def _chunk(self, at: int, numbers: NDArray[np.int64]) -> Chunk:
        if self.chunks and self.chunks[-1].first <= at <= self.chunks[-1].last:
            return self.chunks[-1]
        if self.chunks and at <= self.chunks[-1].last:
            # Late samples between two chunks are the first of the later one.
            place = bisect_left(self.chunks, at, key=lambda chunk: chunk.last)
            if place < len(self.chunks) - 1:
                self._full_nbytes = None
            return self.chunks[place]
        newest = self.chunks[-1] if self.chunks else None
        if newest and newest.takes(numbers):
            return newest
        if newest:
            newest.seal()
        self.chunks.append(Chunk(len(numbers), self._chunk_size))
        self._full_nbytes = None
        return self.chunks[-1]

    def _alive_before(self, at: int) -> set[int]:
        for chunk in reversed(self.chunks):
            column = int(np.searchsorted(chunk.times, at)) - 1
            if column >= 0:
                values = np.ascontiguousarray(chunk.values[:, column])
                alive = np.flatnonzero(~is_stale(values) & ~is_absent(values))
                return set(chunk.numbers[alive].tolist())
        return set()

    def cut(self, after: int) -> None:
        """Forget what is later."""
        self.chunks = [chunk for chunk in self.chunks if chunk.times[0] <= after]
        if self.chunks and self.chunks[-1].times[-1] > after:
            self.chunks[-1].cut(after)
        self._tidy()

    def restore(self, saved: SavedChunk) -> None:
        """Take back a saved chunk, which is later than those that are there."""
        numbers = np.array([self.index.number(labels) for labels in saved.labels], dtype=np.int64)
        if self.chunks:
            self.chunks[-1].seal()
        self._full_nbytes = None
        self.chunks.append(Chunk.restored(saved, numbers, self._chunk_size))

    def drop_oldest(self) -> None:
        """Forget the oldest chunk and the series that no other one has."""
        del self.chunks[0]
        self._tidy()

    def _tidy(self) -> None:
        self._full_nbytes = None
        self.index.keep(set(chain.from_iterable(chunk.numbers.tolist() for chunk in self.chunks)))

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> Block | None:
        """A copy of the samples from `start` to `end`, both included; None where no series has one."""
        found = self.index.find(matchers)
        if not found.labels:
            return None
        parts = list(self._between(start, end))
        if not parts:
            return None
        times = np.concatenate([chunk.times[columns] for chunk, columns in parts])
        values = np.empty((len(found.labels), len(times)))
        column = 0
        for chunk, columns in parts:
            series, rows = chunk.places(found)
            width = columns.stop - columns.start
            if not is_all(series, len(values)):
                values[:, column : column + width] = ABSENT
            values[series, column : column + width] = chunk.values[:, columns][rows]
            column += width
        # Who is there at the end is there: mostly no other sample has to be looked at.
        if not some(is_absent(values[:, -1:])):
            return Block(found.labels, times, values)
        present = np.flatnonzero(~is_absent(values).all(axis=1))
        if not present.size:
            return None
        return Block([found.labels[row] for row in present.tolist()], times, values[present])

    def label_sets(self, matchers: Sequence[Matcher], start: int, end: int) -> list[Labels]:
        """The series that meet all matchers and have a sample from `start` to `end`, without a look at most samples."""
        found = self.index.find(matchers)
        seen = np.zeros(len(found.labels), dtype=np.bool_)
        for chunk, columns in self._between(start, end):
            rows = chunk.rows(found.numbers)
            if columns.stop - columns.start == chunk.count:
                seen |= rows >= 0
                continue
            left = np.flatnonzero((rows >= 0) & ~seen)
            values = np.ascontiguousarray(chunk.values[rows[left], columns])
            seen[left] = ~(is_absent(values) | is_stale(values)).all(axis=1)
        return [found.labels[row] for row in np.flatnonzero(seen).tolist()]

    def pieces(self, name: str) -> Iterator[Piece]:
        """What the sample file has not got yet; it counts as saved from now on."""
        for chunk in self.chunks:
            full = chunk is not self.chunks[-1]
            whole = full and not chunk.packed
            if whole:
                # One piece is smaller and quicker to read than hundreds.
                chunk.clean, chunk.named, spans = chunk.count, 0, [slice(0, chunk.count)]
            else:
                spans = [slice(column, column + 1) for column in range(chunk.clean, chunk.count)]
            for span in spans:
                labels = [self.index.labels[number] for number in chunk.numbers[chunk.named :].tolist()]
                values = chunk.values[:, span].copy()
                times = chunk.times[span].copy()
                yield Piece(name, chunk, whole, span.start, times, values, chunk.named, labels)
                chunk.named = len(chunk.numbers)
            chunk.clean, chunk.packed = chunk.count, full
