"""The analytic copy may be lost or broken at any time: it is filled again, and no figure changes."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import random
import resource
import shutil
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import pandas as pd
import pytest

from data import analytics
from data.analytics import COLUMNS, AnalyticCopy
from data.filters import CallFilter
from data.queries.listing import count_calls
from data.record import Changes, Record
from data.sqlx import duckdb_sql
from data.writer import apply
from tests.data.copies import ROWS, figures, held, history
from tests.data.support import T0, call, empty_record


class Broken:
    """A filled copy's file with its log, to be damaged and opened again, and the rows that it must show."""

    def __init__(self, record: Record, folder: Path) -> None:
        self._record = record
        self.path = folder / "broken.duckdb"
        self.log = folder / "broken.duckdb.wal"
        apply(record, history())
        copy = AnalyticCopy(record, folder / "sound.duckdb")
        copy.sync()
        apply(record, [call("0", updated_at=T0 + 1, queue="sales")])
        self.expected = held(copy)
        # As a killed process leaves it: what is newest stands in the log.
        self.as_left = (copy._path or folder).read_bytes(), folder.joinpath("sound.duckdb.wal").read_bytes()
        copy.close()
        self.as_closed = (folder / "sound.duckdb").read_bytes()

    def write(self, content: bytes, log: bytes = b"") -> None:
        self.path.write_bytes(content)
        self.log.unlink(missing_ok=True)
        if log:
            self.log.write_bytes(log)

    def check(self) -> None:
        """The copy opens and holds every row as it should be."""
        copy = AnalyticCopy(self._record, self.path)
        pd.testing.assert_frame_equal(held(copy), self.expected)
        copy.close()


@pytest.fixture
def broken(sqlite_record: Record, tmp_path: Path, quiet: None) -> Broken:
    return Broken(sqlite_record, tmp_path)


def test_a_copy_that_was_killed_shows_the_same_figures(broken: Broken) -> None:
    broken.write(*broken.as_left)
    broken.check()


def test_a_deleted_copy_is_made_again(broken: Broken) -> None:
    broken.check()
    broken.path.unlink()
    broken.check()
    # Its log without it, too.
    broken.write(*broken.as_left)
    broken.path.unlink()
    broken.check()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.3, 0.6, 0.99])
def test_a_truncated_copy_shows_the_same_figures(broken: Broken, share: float) -> None:
    broken.write(broken.as_closed[: int(len(broken.as_closed) * share)])
    broken.check()
    content, log = broken.as_left
    broken.write(content, log[: int(len(log) * share)])
    broken.check()


@pytest.mark.slow
@pytest.mark.parametrize("part", ["headers", "data", "log"])
def test_a_copy_with_a_flipped_byte_shows_the_same_figures(broken: Broken, part: str) -> None:
    chance = random.Random(part)
    whole = broken.as_left[1] if part == "log" else broken.as_closed
    span = {"headers": range(3 * 4096), "data": range(3 * 4096, len(whole)), "log": range(len(whole))}[part]
    # The beginnings of the headers hold what counts.
    offsets = [*range(0, 64, 8), *chance.sample(span, 10)] if part != "data" else chance.sample(span, 18)
    for offset in offsets:
        damaged = bytearray(whole)
        damaged[offset] ^= chance.choice([0x01, 0x80, 0xFF])
        broken.write(*((broken.as_left[0], bytes(damaged)) if part == "log" else (bytes(damaged),)))
        broken.check()


def test_a_file_that_is_no_copy_is_replaced(broken: Broken) -> None:
    broken.write(b"These are not the bytes of a database.\n" * 500)
    broken.check()
    broken.path.unlink()
    with duckdb.connect(str(broken.path)) as other:
        other.execute("CREATE TABLE other (x INTEGER)")
    broken.check()


def test_a_copy_damaged_while_it_is_open_shows_the_same_figures(broken: Broken, sqlite_record: Record) -> None:
    broken.write(broken.as_closed)
    copy = AnalyticCopy(sqlite_record, broken.path)
    with broken.path.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * (len(broken.as_closed) - 3 * 4096))
    pd.testing.assert_frame_equal(held(copy), broken.expected)
    copy.close()
    broken.check()


def test_a_copy_whose_file_can_not_grow_goes_on_in_memory(record: Record, tmp_path: Path, quiet: None) -> None:
    path = tmp_path / "copy.duckdb"
    copy = AnalyticCopy(record, path)
    apply(record, [call(f"c{n}", agent=f"agent {n}") for n in range(2_000)])
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, allowed[1]))
    try:
        assert count_calls(copy, CallFilter()) == 2_000
        assert not path.exists()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)
    apply(record, [call("later")])
    assert count_calls(copy, CallFilter()) == 2_001
    copy.close()


def test_a_copy_deleted_while_it_is_open_goes_on(record: Record, copy: AnalyticCopy, tmp_path: Path) -> None:
    apply(record, history())
    expected = figures(copy)
    for file in tmp_path.glob("analytics.duckdb*"):
        file.unlink()
    assert figures(copy) == expected
    apply(record, [call("new")])
    assert count_calls(copy, CallFilter()) == ROWS + 1


def test_a_pull_that_was_cut_off_is_done_again(
    sqlite_record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of the first copy as well as of a later one, however often it commits on the way."""
    monkeypatch.setattr(analytics, "_COMMITTED_ROWS", 1)
    changes, store = sqlite_record.changes, analytics._store
    monkeypatch.setattr(sqlite_record, "changes", functools.partial(changes, chunk=100))
    path = tmp_path / "cut.duckdb"
    for agent in ("Ada", "Bob"):
        apply(sqlite_record, [call(f"{n}", updated_at=T0 + (agent == "Bob"), agent=agent) for n in range(ROWS)])
        copy = AnalyticCopy(sqlite_record, path)
        turns = iter(range(2))

        def cut(cursor: Any, batch: Any, turns: Iterator[int] = turns) -> None:
            if next(turns, None) is None:
                raise KeyboardInterrupt
            store(cursor, batch)

        with monkeypatch.context() as patch:
            patch.setattr(analytics, "_store", cut)
            with pytest.raises(KeyboardInterrupt):
                copy.sync()
        copy.close()
        again = AnalyticCopy(sqlite_record, path)
        assert count_calls(again, CallFilter(agent=(agent,))) == count_calls(again, CallFilter()) == ROWS
        again.close()


class Watched(str):
    """A text of which one can tell whether it is still held."""


def test_a_long_pull_holds_only_the_rows_at_hand(
    sqlite_record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All in one transaction: until that ended DuckDB held what it was given by name."""
    apply(sqlite_record, history())
    place, chunk = COLUMNS.index("agent"), 50
    given: list[weakref.ref[Watched]] = []
    held_at_most = 0

    def watched(chunks: Iterator[Any]) -> Iterator[list[tuple[Any, ...]]]:
        nonlocal held_at_most
        for rows_of_chunk in chunks:
            held_at_most = max(held_at_most, sum(one() is not None for one in given))
            found = [(*row[:place], Watched(row[place]), *row[place + 1 :]) for row in rows_of_chunk]
            given.extend(weakref.ref(row[place]) for row in found)
            yield found

    original = sqlite_record.changes

    @contextlib.contextmanager
    def changes(cursor: int, columns: Any, only: Any = ()) -> Iterator[Changes]:
        with original(cursor, columns, chunk, only) as found:
            yield dataclasses.replace(found, chunks=watched(found.chunks))

    monkeypatch.setattr(sqlite_record, "changes", changes)
    with contextlib.closing(AnalyticCopy(sqlite_record, tmp_path / "analytics.duckdb")) as copy:
        assert figures(copy).current["total_calls"] == ROWS
    assert len(given) == ROWS
    assert held_at_most <= 2 * chunk


def test_a_copy_of_another_layout_is_filled_again(record: Record, tmp_path: Path) -> None:
    path = tmp_path / "older.duckdb"
    apply(record, history())
    copy = AnalyticCopy(record, path)
    expected = held(copy)
    copy.close()
    with duckdb.connect(str(path)) as older:
        older.execute("UPDATE meta SET layout = layout - 1")
        older.execute("ALTER TABLE calls DROP COLUMN csat")
    again = AnalyticCopy(record, path)
    pd.testing.assert_frame_equal(held(again), expected)
    again.close()


def test_a_copy_of_another_database_is_not_used(record: Record, tmp_path: Path, quiet: None) -> None:
    path = tmp_path / "shared.duckdb"
    apply(record, [call("ours")])
    ours = AnalyticCopy(record, path)
    ours.sync()
    ours.close()
    other = empty_record(tmp_path / "other.db")
    apply(other, [call("theirs 1"), call("theirs 2")])
    apply(other, [call("theirs 3")])
    theirs = AnalyticCopy(other, path)
    assert held(theirs)["call_id"].tolist() == ["theirs 1", "theirs 2", "theirs 3"]
    theirs.close()
    other.close()


def test_a_copy_that_is_ahead_of_a_restored_record_is_not_used(sqlite_record: Record, tmp_path: Path) -> None:
    apply(sqlite_record, [call("saved")])
    sqlite_record.close()
    database, saved = Path(sqlite_record.url.database or ""), tmp_path / "saved.db"
    with contextlib.closing(sqlite_record.engine.raw_connection()) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(database, saved)
    apply(sqlite_record, [call("lost 1")])
    apply(sqlite_record, [call("lost 2")])
    copy = AnalyticCopy(sqlite_record, tmp_path / "ahead.duckdb")
    assert count_calls(copy, CallFilter()) == 3
    copy.close()
    restored = Record(f"sqlite:///{saved}")
    copy = AnalyticCopy(restored, tmp_path / "ahead.duckdb")
    assert held(copy)["call_id"].tolist() == ["saved"]
    copy.close()
    restored.close()


def test_threads_that_ask_during_a_rebuild_get_the_whole_answer(
    sqlite_record: Record, tmp_path: Path, quiet: None
) -> None:
    apply(sqlite_record, history())
    copy = AnalyticCopy(sqlite_record, tmp_path / "analytics.duckdb")
    expected = figures(copy).current
    done = Event()

    def ask() -> list[Any]:
        wrong = []
        while not done.is_set():
            found = figures(copy).current
            if found != expected:
                wrong.append(found)
        return wrong

    with ThreadPoolExecutor(4) as threads:
        asking = [threads.submit(ask) for _ in range(4)]
        try:
            for _ in range(6):
                # As a query does that meets an error which a new copy mends.
                with copy._lock:
                    copy._replace("the test says so")
                assert figures(copy).current == expected
        finally:
            done.set()
        assert [future.result(60) for future in asking] == [[]] * 4
    copy.close()


def test_a_copy_that_is_being_filled_again_shows_no_part_of_it(
    sqlite_record: Record, monkeypatch: pytest.MonkeyPatch, quiet: None
) -> None:
    apply(sqlite_record, history())
    copy = AnalyticCopy(sqlite_record, None)
    copy.sync()
    about_to_ask, ask, filling, fill = Event(), Event(), Event(), Event()
    store = analytics._store

    def held_question(query: Any) -> Any:
        about_to_ask.set()
        assert ask.wait(30)
        return duckdb_sql(query)

    def held_filling(cursor: Any, batch: Any) -> None:
        filling.set()
        assert fill.wait(30)
        store(cursor, batch)

    monkeypatch.setattr(analytics, "duckdb_sql", held_question)
    monkeypatch.setattr(analytics, "_store", held_filling)
    with ThreadPoolExecutor(2) as threads:
        asking = threads.submit(count_calls, copy, CallFilter())
        assert about_to_ask.wait(30)
        with copy._lock:
            rebuilding = threads.submit(copy._replace, "the test says so")
            assert filling.wait(30)
            ask.set()
            wait([asking], timeout=0.3)  # Time for a wrong answer: the right one waits for the lock that we hold.
            fill.set()
            rebuilding.result(30)
        assert asking.result(30) == ROWS
    copy.close()


def test_threads_ask_while_another_writes(record: Record, copy: AnalyticCopy) -> None:
    def ask(_: int) -> list[int]:
        return [count_calls(copy, CallFilter()) for _ in range(15)]

    with ThreadPoolExecutor(4) as threads:
        asking = threads.map(ask, range(3))
        for n in range(30):
            apply(record, [call(f"{n}")])
        for counts in asking:
            assert counts == sorted(counts)
    assert count_calls(copy, CallFilter()) == 30
