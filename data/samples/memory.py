"""Samples in memory: sources within one budget of bytes, for many threads.

The oldest chunk of all sources goes when the budget or the age says so. Readers get copies.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence

from data.samples.chunk import SavedChunk
from data.samples.model import Block, Labels, Matcher
from data.samples.source import Piece, Source

log = logging.getLogger(__name__)

#: A sample this much older than the newest means that the clock was set back.
_SET_BACK_MS = 60_000
#: A chunk that got a sample this lately is still being filled, whatever the budget says.
_IN_USE_MS = 60_000


class Memory:
    """A store of samples; threads may share it.

    budget: bytes, about, that it may take. keep_ms: the age at which samples go.
    """

    def __init__(self, budget: int, keep_ms: int) -> None:
        self._budget, self._keep_ms, self._chunk_size = budget, keep_ms, budget // 16
        self._sources: dict[str, Source] = {}
        self._newest = 0
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Memory in bytes, about."""
        with self._lock:
            return sum(source.nbytes for source in self._sources.values())

    @property
    def series(self) -> int:
        """How many series it holds."""
        with self._lock:
            return sum(len(source.index.labels) for source in self._sources.values())

    def put(self, source: str, at: int, samples: Iterable[tuple[Labels, float]], *, whole: bool) -> None:
        """Take samples in at a time (milliseconds); whole: series of the source that are not among them have ended.

        A time long before the newest means that the clock was set back: what is later is forgotten.
        """
        with self._lock:
            if at < self._newest - _SET_BACK_MS:
                log.warning("the clock was set back by %d s: later samples are dropped", (self._newest - at) // 1000)
                for each in self._sources.values():
                    each.cut(at)
                self._sources = {name: each for name, each in self._sources.items() if each.chunks}
                self._newest = at
            is_new, self._newest = at > self._newest, max(self._newest, at)
            own = self._sources.get(source) or Source(self._chunk_size)
            own.put(at, samples, whole=whole)
            if own.chunks:
                self._sources[source] = own
                if is_new:
                    self._trim()

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> list[Block]:
        """The series that meet all matchers with their samples from `start` to `end`, both included (milliseconds).

        The blocks are copies; a series without a sample in that time is left out.
        """
        with self._lock:
            blocks = [source.select(matchers, start, end) for source in self._sources.values()]
        return [block for block in blocks if block is not None]

    def label_sets(self, matchers: Sequence[Matcher], start: int, end: int) -> list[Labels]:
        """The series that meet all matchers and have a sample from `start` to `end`; one may be there twice."""
        with self._lock:
            return [labels for source in self._sources.values() for labels in source.label_sets(matchers, start, end)]

    def pieces(self) -> tuple[list[Piece], set[int]]:
        """What the sample file has not got yet, and the chunks that it should have afterwards."""
        with self._lock:
            pieces = [piece for name, source in self._sources.items() for piece in source.pieces(name)]
            return pieces, {chunk.name for source in self._sources.values() for chunk in source.chunks}

    def unsaved(self, pieces: Iterable[Piece]) -> None:
        """These pieces were not written: they will be among the next ones."""
        with self._lock:
            for piece in pieces:
                chunk = piece.chunk
                chunk.clean, chunk.named = min(chunk.clean, piece.column), min(chunk.named, piece.first_row)
                chunk.packed = False

    def restore(self, source: str, chunk: SavedChunk) -> None:
        """Take back a chunk that an earlier run saved; a source's chunks come in the order of their times."""
        with self._lock:
            self._sources.setdefault(source, Source(self._chunk_size)).restore(chunk)
            self._newest = max(self._newest, int(chunk.times[-1]))
            self._trim()

    def _trim(self) -> None:
        """Drop what is too old or too much."""
        total = sum(source.nbytes for source in self._sources.values())
        while True:
            name, source = min(self._sources.items(), key=lambda item: item[1].chunks[0].times[-1])
            age = self._newest - int(source.chunks[0].times[-1])
            if age <= (self._keep_ms if total <= self._budget else _IN_USE_MS):
                return
            before = source.nbytes
            source.drop_oldest()
            total += source.nbytes - before
            if not source.chunks:
                del self._sources[name]
