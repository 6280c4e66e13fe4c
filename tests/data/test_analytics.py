"""The analytic copy: it answers like the record, and it may be lost or broken at any time (promise 2)."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import random
import resource
import shutil
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import pandas as pd
import pytest
from sqlalchemy import func, literal_column, select, text

from data import analytics
from data.analytics import COLUMNS, AnalyticCopy
from data.filters import CallFilter
from data.kept import KEPT
from data.models import CallEvent, calls
from data.possible import MEASURES
from data.queries.beside import side_by_side
from data.queries.kpis import KpiReport, kpi_report
from data.queries.listing import count_calls
from data.record import Changes, Record
from data.sqlx import duckdb_sql
from data.times import DAY, SECOND
from data.writer import apply
from tests.conftest import ROOT
from tests.data.support import T0, call, empty_record, revisions, rows

ROWS = 300


def history(count: int = ROWS) -> list[CallEvent]:
    """Calls that differ in every figure."""
    return [
        call(
            f"{n}",
            started_at=T0 + n * SECOND,
            status=("success", "error", "abandoned")[n % 3],
            agent=f"agent {n % 7}",
            duration_seconds=n / 3,
            csat=1.0 + n % 5,
        )
        for n in range(count)
    ]


def figures(copy: AnalyticCopy) -> KpiReport:
    return kpi_report(copy, CallFilter(), now=T0)


def held(copy: AnalyticCopy) -> pd.DataFrame:
    """All that the copy holds, in the order of the calls' ids."""
    return copy.frame(select(*(calls.c[name] for name in COLUMNS)).order_by(calls.c.id))


def of(copy: AnalyticCopy, call_id: str) -> dict[str, Any]:
    """What the copy holds of one call."""
    query = select(*(calls.c[name] for name in COLUMNS)).where(calls.c.call_id == call_id)
    found: Any = copy.frame(query).to_dict("records")[0]
    return {name: None if pd.isna(value) else value for name, value in found.items()}


# --- it answers like the record


def test_a_query_sees_what_was_stored_before_it(record: Record, copy: AnalyticCopy) -> None:
    for n in range(5):
        apply(record, [call(f"{n}")])
        assert count_calls(copy, CallFilter()) == n + 1
        apply(record, [call(f"{n}", agent="Ada")])
        assert count_calls(copy, CallFilter(agent=("Ada",))) == n + 1


def test_questions_asked_together_see_what_was_stored_before_the_first(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call("1")])
    with side_by_side(copy) as ask:
        apply(record, [call("2")])
        assert [ask(count_calls, copy, CallFilter()).result(), count_calls(copy, CallFilter())] == [1, 1]
        with side_by_side(copy) as within:
            assert within(count_calls, copy, CallFilter()).result() == 1
    assert count_calls(copy, CallFilter()) == 2


def test_the_copy_holds_what_the_record_holds(record: Record, copy: AnalyticCopy) -> None:
    apply(record, history(50))
    apply(record, [call(f"{n}", updated_at=T0 + 1, queue="sales") for n in range(0, 60, 7)])
    stored = rows(record)
    for call_id, revision in revisions(record).items():
        found = of(copy, call_id)
        assert found["revision"] == revision
        expected = stored["test", call_id]
        names = set(COLUMNS) - {"id", "revision"}
        assert {name: found[name] for name in names} == {name: expected.get(name) for name in names}


def test_every_kind_of_value_arrives_exactly_and_unknown_is_null(record: Record, copy: AnalyticCopy) -> None:
    awkward: dict[str, Any] = {
        "transferred": False,
        "turns": 0,
        "user_interruptions": 2_000_000_000,
        "wait_seconds": 0.1 + 0.2,
        "duration_seconds": 0.0,
        "cost": 1 / 3,
        "agent": "007",
        "queue": "NaN",
        "end_reason": "null",
        "sentiment": "None",
        "language": "true",
        "success_evaluation": "1.0",
        "direction": "web",
        "agent_version": "\N{SNOWMAN} 'x' \"y\" \\ \t",
        "ended_at": T0 + 123_456,
        "tags": ["1", "2"],
    }
    apply(record, [call("bare"), call("full", **awkward, status="success"), call("yes", transferred=True)])
    found = of(copy, "full")
    assert {name: found[name] for name in awkward} == awkward | {"tags": '["1","2"]'}
    assert found["transferred"] is False
    assert of(copy, "yes")["transferred"] is True
    bare = of(copy, "bare")
    assert {name for name, value in bare.items() if value is not None} == {
        *("id", "revision", "source", "call_id", "updated_at", "started_at", "status")
    }
    numbers = [name for name in COLUMNS if isinstance(awkward.get(name), float)]
    for name in numbers:
        assert copy.frame(select(calls.c.id).where(func.isnan(calls.c[name]))).empty


def test_a_value_after_thousands_of_unknown_ones_arrives(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call(f"{n}") for n in range(3_000)] + [call("last", agent="007", turns=7, transferred=True)])
    found = of(copy, "last")
    assert (found["agent"], found["turns"], found["transferred"]) == ("007", 7, True)
    assert copy.frame(select(func.count(calls.c.agent).label("n")))["n"][0] == 1


def test_a_word_of_a_list_arrives_as_a_text_like_any_other(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call("a", agent="Ada", end_reason_group="limit", status="success"), call("b")])
    columns = [calls.c.status, calls.c.end_reason_group]
    found = copy.frame(select(*columns, calls.c.agent).order_by(calls.c.call_id))
    assert found.dtypes.nunique() == 1
    assert found.iloc[0].tolist() == ["success", "limit", "Ada"]
    assert found.iloc[1].isna().tolist() == [False, True, True]
    # A group that has no call has no row, however pandas groups.
    assert found.groupby("status").size().to_dict() == {"in_progress": 1, "success": 1}


def test_a_word_that_is_in_no_list_is_named_and_the_copy_is_kept(
    record: Record, copy: AnalyticCopy, caplog: pytest.LogCaptureFixture
) -> None:
    apply(record, [call("sound")])
    copy.sync()
    apply(record, [call("odd", status="postponed")])
    with pytest.raises(duckdb.ConversionException, match="postponed"):
        count_calls(copy, CallFilter())
    apply(record, [call("odd", updated_at=T0 + 1, status="success")])
    assert count_calls(copy, CallFilter(status=("success",))) == 1
    assert "filled again" not in caplog.text


def test_an_update_reaches_old_and_new_rows_of_a_large_copy(sqlite_record: Record) -> None:
    with sqlite_record.write() as connection:
        connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 130000) INSERT INTO calls "
            "(id, revision, source, call_id, updated_at, started_at, status) "
            f"SELECT i, 1, 'test', i, {T0}, {T0}, 'success' FROM n"
        )
    copy = AnalyticCopy(sqlite_record, None)
    assert count_calls(copy, CallFilter()) == 130_000
    changed = ["1", "122880", "122881", "130000"]
    apply(sqlite_record, [call(call_id, agent="Ada") for call_id in [*changed, "new"]])
    query = select(calls.c.call_id).where(calls.c.agent == "Ada").order_by(calls.c.id)
    assert copy.frame(query)["call_id"].tolist() == [*changed, "new"]
    assert count_calls(copy, CallFilter()) == 130_001
    copy.close()


def test_what_is_kept_of_each_call_is_what_would_be_made_of_it_now(record: Record, copy: AnalyticCopy) -> None:
    made = random.Random(7)

    def told(n: int, updated_at: int) -> CallEvent:
        fields: dict[str, Any] = {
            "direction": made.choice(["inbound", "outbound", "web"]),
            "queued_at": T0,
            "answered_at": T0,
            "wait_seconds": made.choice([0.0, 30.0]),
            "duration_seconds": made.choice([0.0, 1.0]),
            **{name: made.choice([-1.0, 0.5, 900.0, 2_000.0]) for name in MEASURES},
        }
        return call(f"{n}", updated_at=updated_at, **{k: v for k, v in fields.items() if made.random() < 0.8})

    for corrected in (range(400), range(0, 400, 3)):
        apply(record, [told(n, T0 + corrected.step) for n in corrected])
        wrong: list[Any] = [func.count().filter(each.is_distinct_from(each.value)).label(each.column) for each in KEPT]
        assert not {name: n for name, n in copy.row(select(*wrong)).items() if n}


def test_what_a_correction_makes_possible_counts_and_what_it_makes_impossible_does_not(
    record: Record, copy: AnalyticCopy
) -> None:
    measured = CallFilter(of=("measured",))
    answered = functools.partial(call, status="success", latency_ms=900.0)
    apply(record, [answered("long", duration_seconds=1.0), answered("untimed")])
    assert count_calls(copy, measured) == 2
    apply(record, [call("long", updated_at=T0 + DAY, duration_seconds=0.5), answered("never", latency_ms=-1.0)])
    assert count_calls(copy, measured) == 1
    apply(record, [call("long", updated_at=T0 + 2 * DAY, duration_seconds=2.0)])
    assert count_calls(copy, measured) == 2


def test_only_a_change_makes_a_new_version(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call()])
    version = copy.sync()
    apply(record, [call()])
    assert copy.sync() == version
    apply(record, [call("c2")])
    assert copy.sync() > version


def test_only_what_is_new_is_pulled(record: Record, copy: AnalyticCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    pulled: list[int] = []
    store = analytics._store

    def counted(cursor: Any, batch: Any) -> None:
        pulled.append(len(batch))
        store(cursor, batch)

    monkeypatch.setattr(analytics, "_store", counted)
    for count in (40, 1, 2):
        apply(record, [call(f"{count}-{n}") for n in range(count)])
        copy.sync()
    assert pulled == [40, 1, 2]


def test_what_another_process_stored_is_seen(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call("ours")])
    assert count_calls(copy, CallFilter()) == 1
    program = (
        "import sys; from data.record import Record; from data.writer import apply; "
        "event = {'source': 'test', 'updated_at': 10**15, 'started_at': 10**15}; "
        "apply(Record(sys.argv[1]), [event | {'call_id': 'theirs'}, event | {'call_id': 'ours', 'agent': 'Ada'}])"
    )
    url = record.url.render_as_string(hide_password=False)
    subprocess.run([sys.executable, "-c", program, url], check=True, cwd=ROOT)
    assert count_calls(copy, CallFilter()) == 2
    assert (of(copy, "ours")["agent"], of(copy, "theirs")["agent"]) == ("Ada", None)


def test_a_copy_in_memory_answers_the_same(record: Record, copy: AnalyticCopy) -> None:
    apply(record, history())
    in_memory = AnalyticCopy(record, None)
    pd.testing.assert_frame_equal(held(in_memory), held(copy))
    in_memory.close()


def test_a_copy_that_is_opened_again_goes_on_where_it_was(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept.duckdb"
    apply(record, history())
    copy = AnalyticCopy(record, path)
    expected = figures(copy)
    copy.close()
    pulled: list[Any] = []
    monkeypatch.setattr(analytics, "_store", lambda cursor, batch: pulled.extend(batch))
    again = AnalyticCopy(record, path)
    assert figures(again) == expected
    assert pulled == []
    again.close()


# --- it may be lost or broken at any time


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Without hundreds of reports of the damage."""
    caplog.set_level(logging.CRITICAL, logger="data.analytics")


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


# --- it is locked down


@pytest.mark.parametrize(
    "attempt",
    [
        "SET enable_external_access = true",
        "SET memory_limit = '64GB'",
        "RESET lock_configuration",
        "ATTACH '/tmp/other.duckdb'",
        "COPY calls TO '/tmp/calls.csv'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SELECT * FROM '/etc/passwd'",
    ],
)
def test_a_statement_that_reaches_outside_fails(record: Record, copy: AnalyticCopy, attempt: str, quiet: None) -> None:
    apply(record, [call()])
    statement: Any = text(attempt)
    with pytest.raises(duckdb.Error):
        copy.frame(statement)
    assert count_calls(copy, CallFilter()) == 1


@pytest.mark.parametrize("source", ["read_csv('/etc/passwd')", "read_text('/etc/passwd')", "glob('/etc/*')"])
def test_a_query_cannot_read_files(copy: AnalyticCopy, source: str, quiet: None) -> None:
    with pytest.raises(duckdb.Error, match="disabled"):
        copy.frame(select(literal_column("*")).select_from(text(source)))


def test_a_query_with_an_error_of_its_own_does_not_rebuild_the_copy(
    record: Record, copy: AnalyticCopy, caplog: pytest.LogCaptureFixture
) -> None:
    apply(record, [call()])
    copy.sync()
    for expression in ("no_such_column", "1 +", "CAST('x' AS INTEGER)"):
        with pytest.raises(duckdb.Error):
            copy.frame(select(literal_column(expression)).select_from(calls))
    assert "filled again" not in caplog.text


def test_each_query_is_timed_under_its_name(record: Record) -> None:
    heard: list[str] = []
    hear: Callable[[str, float], None] = lambda name, seconds: heard.append(name)  # noqa: E731
    copy = AnalyticCopy(record, None, on_query=hear)
    count_calls(copy, CallFilter())
    copy.close()
    assert heard == ["count_calls"]
