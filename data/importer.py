"""Files of calls come in: CSV with a header, one JSON object a line, or what an exchange writes (data/files.py).

All may be gzipped.

Rows are read and validated in worker processes and written in large transactions by this one. A bad row costs only
itself: it is listed in a rejects file with its line and reason. A second run of the same file adds nothing.
"""

from __future__ import annotations

import csv
import gc
import gzip
import io
import itertools
import json
import multiprocessing
import os
import pickle
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.pool import Pool
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

from data.callers import CallerHash
from data.files import Format, Shape, event_of_row, guess, has_header, is_csv, rows_of_line
from data.record import Record
from data.sources.cdr import Reading
from data.sources.mapping import FieldMap
from data.times import now_micros
from data.writer import Ahead, Outcome, apply, insert_prepared, prepare

_CHUNK = 10_000
_WORKERS = 2
_AHEAD = 2 * _WORKERS
_LONGEST_CELL = 16 * 1024 * 1024


class BadFile(ValueError):
    """A file that can't be imported at all; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Source:
    """What the rows of a file mean: zone of naive times, assumed source, the secret of caller hashes, a field map."""

    secret: bytes
    zone: str = "UTC"
    source: str = "import"
    field_map: FieldMap | None = None


@dataclass(slots=True)
class Report:
    """What became of the rows."""

    accepted: int = 0
    updated: int = 0
    duplicate: int = 0
    rejected: int = 0
    rejects_file: Path | None = None

    @property
    def rows(self) -> int:
        """All rows of the file."""
        return self.accepted + self.updated + self.duplicate + self.rejected


#: How workbooks, and texts in UTF-16, begin.
_NO_TEXT = (b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Whole rows, and the number of their first line."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class _Judged:
    """The good rows of a chunk, ready to be inserted and (pickled, for they are seldom needed) as events; the bad."""

    ahead: Ahead
    events: bytes
    rejects: list[tuple[int, str, str]]


def import_file(
    record: Record,
    path: Path,
    source: Source,
    *,
    file_format: Format,
    rejects: Path,
    progress: Callable[[int], object] = lambda done: None,
) -> Report:
    """Import one file into the record; `progress` hears how many bytes of it are read. Raises BadFile."""
    report = Report()
    with ExitStack() as stack:
        raw, text = _open(path, stack)
        lines = _lines(path, text)
        try:
            shape, lines, first = _shape(path, lines, file_format)
            listed = stack.enter_context(_RejectsFile(rejects))
            for judged in _judge(_chunks(lines, first, shape), shape, source, stack):
                for outcome, count in _write(record, judged).items():
                    setattr(report, outcome.value, getattr(report, outcome.value) + count)
                report.rejected += len(judged.rejects)
                listed.write(judged.rejects)
                progress(raw.tell())
        except csv.Error as error:
            raise BadFile(f"{path}: {error}") from None
    report.rejects_file = rejects if report.rejected else None
    return report


def _write(record: Record, judged: _Judged) -> Counter[Outcome]:
    if not judged.ahead.outcomes or insert_prepared(record, judged.ahead):
        return judged.ahead.outcomes
    return Counter(applied.outcome for applied in apply(record, pickle.loads(judged.events)))  # noqa: S301 - ours


def guess_format(path: Path) -> Format:
    """The format of a file, by its first line that is not empty."""
    with ExitStack() as stack:
        _, text = _open(path, stack)
        return guess(next(filter(str.strip, _lines(path, text)), ""))


def _shape(path: Path, lines: Iterator[str], file_format: Format) -> tuple[Shape, Iterator[str], int]:
    """How the file is read, its rows, and the number of the line on which they begin."""
    begin = next(lines, "")
    lines = itertools.chain([begin], lines)
    if file_format == "csv" or has_header(file_format, begin):
        # Spreadsheets of many countries write semicolons.
        delimiter = max(",;\t", key=begin.count)
        header, first = _csv_header(path, lines, delimiter)
        return Shape(file_format, header, delimiter=delimiter), lines, first
    return Shape(file_format, is_csv=is_csv(file_format, begin)), lines, 1


def _open(path: Path, stack: ExitStack) -> tuple[IO[bytes], IO[str]]:
    try:
        raw = stack.enter_context(path.open("rb"))
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror}") from None
    head = raw.read(4)
    raw.seek(0)
    if head.startswith(_NO_TEXT):
        raise BadFile(f"{path}: this is no text in UTF-8; save it as CSV (UTF-8)")
    zipped = head.startswith(b"\x1f\x8b")
    content: Any = gzip.GzipFile(fileobj=raw) if zipped else raw
    # A byte that is no UTF-8 stays recognisable, and costs its row, not the file.
    return raw, io.TextIOWrapper(content, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _lines(path: Path, text: IO[str]) -> Iterator[str]:
    """The lines of a file; one that can't be read on, such as a damaged archive, is named."""
    number = 0
    try:
        for number, line in enumerate(text, 1):  # noqa: B007 - for the message
            yield line
    except (OSError, EOFError, zlib.error) as error:
        raise BadFile(f"{path}: after line {number}: {error}") from None


def _csv_header(path: Path, lines: Iterator[str], delimiter: str) -> tuple[list[str], int]:
    """The names of the columns, and the number of the line after them."""
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(lines, delimiter=delimiter)
    header = [name.strip() for name in next(reader, [])]
    if not header:
        raise BadFile(f"{path}: the file is empty")
    repeated = {name for name in header if header.count(name) > 1}
    if repeated:
        raise BadFile(f"{path}: line 1: column {sorted(repeated)[0]!r} appears twice")
    return header, reader.line_num + 1


def _chunks(lines: Iterator[str], first: int, shape: Shape) -> Iterator[_Chunk]:
    """The rest of the file, cut between rows."""
    while part := list(itertools.islice(lines, _CHUNK)):
        text = "".join(part)
        if shape.is_csv and '"' in text:
            part = _whole_rows(part, lines, shape.delimiter)
            text = "".join(part)
        yield _Chunk(first, text)
        first += len(part)


def _whole_rows(part: Sequence[str], lines: Iterator[str], delimiter: str) -> list[str]:
    """The part, and the lines on which its last row goes on: there may be line breaks between quotes."""
    taken: list[str] = []

    def taking() -> Iterator[str]:
        for line in itertools.chain(part, lines):
            taken.append(line)
            yield line

    reader = csv.reader(taking(), delimiter=delimiter)
    with suppress(csv.Error):  # whoever reads the chunk comes upon it too
        while len(taken) < len(part):
            next(reader)
    return taken


def _judge(chunks: Iterator[_Chunk], shape: Shape, source: Source, stack: ExitStack) -> Iterator[_Judged]:
    """The chunks validated, in order: in worker processes where the file is long enough to be worth it."""
    first = list(itertools.islice(chunks, 1))
    chunks = itertools.chain(first, chunks)
    if not first or first[0].text.count("\n") < _CHUNK:
        _prepare(shape, source)
        return map(_validate, chunks)
    # Workers start before any chunk is written: a fork must not inherit an open connection.
    workers = min(_WORKERS, os.cpu_count() or 1)
    pool = stack.enter_context(multiprocessing.Pool(workers, _prepare_worker, (shape, source)))
    stack.enter_context(_without_collections())
    return _in_order(pool, chunks)


def _in_order(pool: Pool, chunks: Iterable[_Chunk]) -> Iterator[_Judged]:
    """The chunks as the pool judges them, a few ahead of the writer: a long file must not gather in memory."""
    coming = _judged_by(pool, chunks)
    waiting = deque(itertools.islice(coming, _AHEAD))
    while waiting:
        judged = waiting.popleft()()
        waiting.extend(itertools.islice(coming, 1))
        yield judged


def _judged_by(pool: Pool, chunks: Iterable[_Chunk]) -> Iterator[Callable[[], _Judged]]:
    """A function a chunk that waits for its result; a file that breaks off raises after what came before."""
    try:
        for chunk in chunks:
            yield pool.apply_async(_validate, (chunk,)).get
    except BadFile as error:
        yield partial(_raise, error)


def _raise(error: Exception) -> _Judged:
    raise error


@contextmanager
def _without_collections() -> Iterator[None]:
    """Without the garbage collector: it finds nothing among rows and takes a fifth of the time."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


_shape_of_file: Shape
_source: Source
_hash: CallerHash


def _prepare(shape: Shape, source: Source) -> None:
    """Give a worker process what it needs for every chunk."""
    global _shape_of_file, _source, _hash
    _shape_of_file, _source, _hash = shape, source, CallerHash(source.secret)
    csv.field_size_limit(_LONGEST_CELL)


def _prepare_worker(shape: Shape, source: Source) -> None:
    """Likewise, in a process that only validates: what it makes has no cycles."""
    gc.disable()
    _prepare(shape, source)


def _validate(chunk: _Chunk) -> _Judged:
    reading = Reading(hash_caller=_hash, now=now_micros(), zone=ZoneInfo(_source.zone), source=_source.source)
    events, rejects = [], []
    for line, row in _rows(chunk):
        try:
            events.append(event_of_row(_shape_of_file, row, reading, _source.field_map))
        except ValueError as error:
            rejects.append((line, str(error), _as_text(row)))
    return _Judged(prepare(events), pickle.dumps(events, pickle.HIGHEST_PROTOCOL), rejects)


def _rows(chunk: _Chunk) -> Iterator[tuple[int, Any]]:
    """Each row that is not empty, with the line on which it begins."""
    lines = io.StringIO(chunk.text, newline="")
    if not _shape_of_file.is_csv:
        for number, line in enumerate(lines, chunk.line):
            yield from ((number, row) for row in rows_of_line(_shape_of_file, line))
        return
    reader = csv.reader(lines, delimiter=_shape_of_file.delimiter)
    begins = chunk.line
    try:
        for row in reader:
            if row:
                yield begins, row
            begins = chunk.line + reader.line_num
    except csv.Error as error:
        raise csv.Error(f"line {chunk.line + reader.line_num - 1}: {error}") from None


def _as_text(row: Any) -> str:
    if isinstance(row, str):
        return row
    return _csv_line(row) if isinstance(row, list) else json.dumps(row, ensure_ascii=False)


def _csv_line(row: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(row)
    return line.getvalue().removesuffix("\r\n")


class _RejectsFile:
    """CSV of line, reason and the row as it was; made only when there is a reject."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> _RejectsFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def write(self, rejects: Sequence[tuple[int, str, str]]) -> None:
        if not rejects:
            return
        if self._file is None:
            self._file = self._path.open("w", encoding="utf-8", errors="surrogateescape", newline="")
            csv.writer(self._file).writerow(["line", "reason", "row"])
        csv.writer(self._file).writerows((line, reason, row.rstrip("\r\n")) for line, reason, row in rejects)
