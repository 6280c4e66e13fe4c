"""The sample store of one process: what was scraped, what rules recorded, and the file that outlives a restart."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from data.samples.file import BadFile, SampleFile
from data.samples.memory import Memory
from data.samples.model import Block, Labels, Matcher

log = logging.getLogger(__name__)

_BUDGET = 64 << 20
_HOUR_MS = 3_600_000
_RAW_MS = 24 * _HOUR_MS
_RECORDED_MS = 15 * 24 * _HOUR_MS
_RECORDED = "recorded"


class SampleStore:
    """Scraped samples (24 hours) and recorded ones (15 days), each within its budget of bytes; threads may share it.

    A file that can't be used or written costs what it would have kept, never the samples in memory.
    """

    def __init__(self, path: Path, *, budget: int = _BUDGET) -> None:
        self._path = path
        self._file: SampleFile | None = None
        self._budget = budget
        self._stores = self._empty()
        self._failing = False
        #: How often the file could not be written.
        self.file_errors = 0

    @classmethod
    def saved(cls, path: Path) -> SampleStore:
        """What the file of another process holds by now, to be read only; empty without one. Raises BadFile."""
        found = cls(path)
        if path.exists():
            found._load()
            assert found._file is not None
            found._file.close()
            found._file = None
        return found

    def open(self) -> None:
        """Take back what the file holds; a damaged one is set aside."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._load()
        except (BadFile, OSError) as error:
            self._set_aside(error)

    def close(self) -> None:
        """Write what is not in the file yet, and close it."""
        if self._file is not None:
            self.save()
            self._file.close()
            self._file = None

    def scraped(self, source: str, at_ms: int, samples: Iterable[tuple[Labels, float]]) -> None:
        """Take in all samples of a source at a time; its series that are not among them have ended."""
        self._stores["raw"].put(source, at_ms, samples, whole=True)

    def append(self, at_ms: int, samples: Iterable[tuple[Labels, float]]) -> None:
        """Take in results of rules at a time; that a series has ended is told by a STALE sample."""
        self._stores[_RECORDED].put(_RECORDED, at_ms, samples, whole=False)

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> list[Block]:
        """The series that meet all matchers with their samples from `start` to `end`, both included (milliseconds)."""
        return [block for store in self._stores.values() for block in store.select(matchers, start, end)]

    def label_sets(self, matchers: Sequence[Matcher], start: int, end: int) -> list[Labels]:
        """The series that meet all matchers and have a sample from `start` to `end`; one may be there twice."""
        return [labels for store in self._stores.values() for labels in store.label_sets(matchers, start, end)]

    @property
    def series(self) -> int:
        """How many series it holds."""
        return sum(store.series for store in self._stores.values())

    @property
    def nbytes(self) -> int:
        """Memory in bytes, about."""
        return sum(store.nbytes for store in self._stores.values())

    def save(self) -> None:
        """Bring the file up to date; where that fails the next call has all of it to write."""
        if self._file is None:
            return
        for name, store in self._stores.items():
            pieces, chunks = store.pieces()
            try:
                self._file.write(name, pieces, chunks)
            except sqlite3.Error as error:
                store.unsaved(pieces)
                self.file_errors += 1
                if not self._failing:
                    log.warning("samples are kept in memory only, %s can't be written: %s", self._path, error)
                self._failing = True
                return
        if self._failing:
            log.info("%s is written again", self._path)
        self._failing = False

    def _empty(self) -> dict[str, Memory]:
        return {"raw": Memory(self._budget, _RAW_MS), _RECORDED: Memory(self._budget, _RECORDED_MS)}

    def _load(self) -> None:
        self._file = SampleFile(self._path)
        for name, store in self._stores.items():
            for source, chunk in self._file.read(name):
                store.restore(source, chunk)

    def _set_aside(self, error: Exception) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._stores = self._empty()
        aside = self._path.with_name(f"{self._path.stem}.damaged{self._path.suffix}")
        try:
            for suffix in ("", "-wal", "-shm"):
                found = self._path.with_name(self._path.name + suffix)
                if found.exists():
                    found.replace(aside.with_name(aside.name + suffix))
            self._file = SampleFile(self._path)
        except (BadFile, OSError) as second:
            log.warning("samples are kept in memory only, %s can't be used: %s", self._path, second)
        else:
            log.warning("%s can't be read (%s): set aside as %s, a new one is begun", self._path, error, aside.name)
