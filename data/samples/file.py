"""The sample file: what memory holds, so that a restart goes on where it ended.

A mirror of the chunks: the open one of a source gets a row a scrape, a full one is rewritten as a single row, one that
memory dropped is deleted.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.samples.chunk import SavedChunk
from data.samples.model import ABSENT, Labels
from data.samples.source import Piece

_VERSION = 1
_SCHEMA = f"""
    CREATE TABLE chunks (name INTEGER PRIMARY KEY, store TEXT NOT NULL, source TEXT NOT NULL);
    CREATE TABLE series (
        chunk INTEGER NOT NULL REFERENCES chunks ON DELETE CASCADE, first_row INTEGER NOT NULL, labels BLOB NOT NULL,
        PRIMARY KEY (chunk, first_row)
    );
    CREATE TABLE pieces (
        chunk INTEGER NOT NULL REFERENCES chunks ON DELETE CASCADE, at INTEGER NOT NULL, times BLOB NOT NULL,
        samples BLOB NOT NULL, PRIMARY KEY (chunk, at)
    );
    PRAGMA user_version = {_VERSION};
"""


class BadFile(Exception):
    """The sample file can't be read; the message says why."""


class SampleFile:
    """An open sample file; one thread at a time uses it. Raises BadFile where it is none."""

    def __init__(self, path: Path) -> None:
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise BadFile(str(error)) from error
        try:
            # Samples may miss the last seconds before a power cut; a kill loses nothing.
            for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
                self._connection.execute(f"PRAGMA {pragma}")
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                self._connection.executescript(f"BEGIN; {_SCHEMA} COMMIT")
            elif version != _VERSION:
                raise BadFile(f"it has format {version}, this program has {_VERSION}")
        except (sqlite3.Error, BadFile) as error:
            self._connection.close()
            raise BadFile(str(error)) from error

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def read(self, store: str) -> Iterator[tuple[str, SavedChunk]]:
        """The chunks of a store with their sources, oldest first; raises BadFile where the file is damaged."""
        wanted = (
            "SELECT name, source FROM chunks WHERE store = ? AND EXISTS (SELECT 1 FROM pieces WHERE chunk = name) "
            "ORDER BY (SELECT min(at) FROM pieces WHERE chunk = name)"
        )
        try:
            for name, source in self._connection.execute(wanted, (store,)).fetchall():
                yield source, self._chunk(name)
        except (sqlite3.Error, zlib.error, ValueError) as error:
            raise BadFile(str(error)) from error

    def write(self, store: str, pieces: Iterable[Piece], chunks: Collection[int]) -> None:
        """Add pieces and delete all but these chunks in one transaction; raises sqlite3.Error, and nothing was done."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            for piece in pieces:
                self._add(store, piece)
            found = connection.execute("SELECT name FROM chunks WHERE store = ?", (store,))
            gone = [(name,) for (name,) in found if name not in chunks]
            connection.executemany("DELETE FROM chunks WHERE name = ?", gone)
            connection.execute("COMMIT")
        except BaseException:
            # A full disk has ended some transactions already.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _add(self, store: str, piece: Piece) -> None:
        name, at = piece.chunk.name, int(piece.times[0])
        if piece.whole:
            self._connection.execute("DELETE FROM chunks WHERE name = ?", (name,))
        self._connection.execute("INSERT OR IGNORE INTO chunks VALUES (?, ?, ?)", (name, store, piece.source))
        if piece.labels:
            labels = zlib.compress(json.dumps(piece.labels).encode(), 1)
            self._connection.execute("INSERT OR REPLACE INTO series VALUES (?, ?, ?)", (name, piece.first_row, labels))
        self._connection.execute("DELETE FROM pieces WHERE chunk = ? AND at > ?", (name, at))
        row = (name, at, piece.times.tobytes(), packed(piece.values))
        self._connection.execute("INSERT OR REPLACE INTO pieces VALUES (?, ?, ?, ?)", row)

    def _chunk(self, name: int) -> SavedChunk:
        labels: list[Labels] = []
        wanted = "SELECT labels FROM series WHERE chunk = ? ORDER BY first_row"
        for (saved,) in self._connection.execute(wanted, (name,)):
            labels += json.loads(zlib.decompress(saved))
        wanted = "SELECT times, samples FROM pieces WHERE chunk = ? ORDER BY at"
        found = [
            (np.frombuffer(times, dtype=np.int64), samples)
            for times, samples in self._connection.execute(wanted, (name,))
        ]
        times = np.concatenate([piece for piece, _ in found])
        values, column = np.full((len(labels), len(times)), ABSENT), 0
        for piece, samples in found:
            part = unpacked(samples, len(piece))
            values[: len(part), column : column + len(piece)] = part
            column += len(piece)
        return SavedChunk(name, labels, times, values, packed=len(found) == 1)


def packed(values: NDArray[np.float64]) -> bytes:
    """The matrix in few bytes: most values are like the one before them."""
    return zlib.compress(np.diff(values.view(np.int64), axis=1, prepend=0).tobytes(), 1)


def unpacked(data: bytes, columns: int) -> NDArray[np.float64]:
    """The matrix again; raises zlib.error or ValueError where the data is damaged."""
    steps = np.frombuffer(zlib.decompress(data), dtype=np.int64).reshape(-1, columns)
    return np.cumsum(steps, axis=1).view(np.float64)
