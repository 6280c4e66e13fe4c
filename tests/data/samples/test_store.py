"""The sample file: a restart, a kill, a damaged file and a full disk."""

from __future__ import annotations

import contextlib
import itertools
import logging
import multiprocessing
import random
import resource
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.samples.chunk import Chunk
from data.samples.file import packed, unpacked
from data.samples.model import ABSENT, STALE, Matcher
from data.samples.store import SampleStore
from tests.data.samples.conftest import MOST_COLUMNS
from tests.data.samples.support import STEP, T0, everything, series, written

SMALL = 1 << 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "samples.sqlite"


@contextlib.contextmanager
def opened(path: Path, budget: int = SMALL) -> Iterator[SampleStore]:
    store = SampleStore(path, budget=budget)
    store.open()
    yield store
    store.close()


def fill(store: SampleStore, steps: range, count: int = 20, save_every: int = 1) -> None:
    for step in steps:
        at = T0 + step * STEP
        # The series change from scrape to scrape, so that some end and some begin.
        store.scraped("own", at, [(series("m", n=str(n)), step * n) for n in range(count) if (step + n) % 7])
        store.append(at, [(series("ALERTS", alert="a"), 1.0), (series("r"), float("nan") if step % 5 else 0.1)])
        store.append(at, [(series("later_rule"), step)])
        if step % save_every == 0:
            store.save()


def same(left: SampleStore, right: SampleStore) -> bool:
    return repr(sorted(written(left).items())) == repr(sorted(written(right).items()))


def rows(path: Path, table: str) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@given(st.lists(st.lists(st.sampled_from([0.0, -0.0, 1.5, np.inf, np.nan, STALE, ABSENT]), min_size=3, max_size=3)))
def test_each_bit_of_a_value_is_kept(values: list[list[float]]) -> None:
    matrix = np.array(values, dtype=np.float64).reshape(-1, 3)
    assert unpacked(packed(matrix), 3).tobytes() == matrix.tobytes()


@pytest.mark.parametrize("save_every", [1, 7, 1000])
def test_a_restart_goes_on_where_it_ended(path: Path, save_every: int) -> None:
    with opened(path) as store:
        fill(store, range(700), save_every=save_every)
        with opened(path.with_name("other")) as unbroken:
            fill(unbroken, range(700))
            assert same(store, unbroken)
    with opened(path) as store, opened(path.with_name("other")) as unbroken:
        assert same(store, unbroken)
        for each in (store, unbroken):
            fill(each, range(720, 1300), save_every=save_every)
        assert same(store, unbroken)
    with opened(path) as store, opened(path.with_name("other")) as unbroken:
        assert same(store, unbroken)
    # Full chunks are single rows, what memory dropped is gone.
    assert rows(path, "pieces") <= rows(path, "chunks") + 2 * MOST_COLUMNS


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 200), st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 9), min_size=1), st.booleans()
        ),
        max_size=40,
    )
)
def test_the_file_holds_what_memory_holds_whatever_came_late_or_from_a_clock_set_back(
    path: Path, steps: list[tuple[int, dict[str, float], bool]]
) -> None:
    for file in path.parent.glob("samples*"):
        file.unlink()
    with opened(path) as store:
        for second, values, save in steps:
            at = T0 + second * 1000
            store.append(at, [(series(f"recorded_{name}"), value) for name, value in values.items()])
            store.scraped("own", at, [(series(name), value) for name, value in values.items()])
            if save:
                store.save()
    with opened(path) as again:
        assert same(store, again)


def test_series_of_an_earlier_run_end_when_they_are_not_there_any_more(path: Path) -> None:
    with opened(path) as store:
        store.scraped("own", T0, [(series("a"), 1), (series("b"), 1)])
    with opened(path) as store:
        store.scraped("own", T0 + STEP, [(series("a"), 0)])
        assert written(store) == {"a{}": [(T0, 1), (T0 + STEP, 0)], "b{}": [(T0, 1), (T0 + STEP, "stale")]}


def test_a_clock_that_was_set_back_takes_the_later_samples_of_all_sources_off_the_file(path: Path) -> None:
    with opened(path) as store:
        for step in range(20):
            store.scraped("own", T0 + step * STEP, [(series("a"), step)])
            store.scraped("other", T0 + step * STEP, [(series("b"), step)])
            store.save()
        store.scraped("own", T0 + 5 * STEP, [(series("a"), -1)])
    with opened(path) as again:
        assert same(store, again)
        assert written(again)["b{}"][-1] == (T0 + 5 * STEP, 5)


def test_the_file_grows_no_more_than_memory(path: Path) -> None:
    with opened(path) as store:
        fill(store, range(2_000), count=200, save_every=50)
        first = min(samples[0][0] for samples in written(store, Matcher("__name__", "=", "m")).values())
        assert first > T0 + 500 * STEP
    assert path.stat().st_size < 2 * SMALL
    assert rows(path, "pieces WHERE chunk NOT IN (SELECT name FROM chunks)") == 0


def write_for_ever(path: Path, told: Connection) -> None:
    store = SampleStore(path, budget=SMALL)
    store.open()
    begin = max((block.times[-1] for block in everything(store)), default=T0 - STEP) + STEP
    for step in itertools.count((int(begin) - T0) // STEP):
        store.scraped("own", T0 + step * STEP, [(series("m", n=str(n)), step * n) for n in range(300)])
        store.save()
        told.send(step)


@pytest.mark.slow
def test_a_kill_loses_no_saved_scrape_and_tears_none(path: Path) -> None:
    context, chance, last = multiprocessing.get_context("spawn"), random.Random(1), -1
    for _ in range(5):
        heard, told = context.Pipe(duplex=False)
        process = context.Process(target=write_for_ever, args=(path, told), daemon=True)
        process.start()
        told.close()
        for _ in range(chance.randrange(1, 300)):
            last = heard.recv()
        process.kill()
        with contextlib.suppress(EOFError):
            while True:
                last = heard.recv()
        process.join()
        with opened(path, budget=SMALL) as store:
            [block] = store.select([Matcher("__name__", "=", "m")], 0, 1 << 60)
        steps = (block.times - T0) / STEP
        assert steps[-1] >= last
        assert (np.diff(steps) == 1).all()
        numbers = np.array([int(labels["n"]) for labels in block.labels])
        assert len(numbers) == 300
        assert (block.values == numbers[:, None] * steps[None, :]).all()
    assert last > 100


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scribbled(path: Path) -> None:
    path.write_bytes(b"no database " * 1000)


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for place in range(5_000, len(data), 1_009):
        data[place] ^= 0xFF
    path.write_bytes(data)


def of_another_version(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_blob_too_short(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # In the part that is read last: what came before it is given up with it.
        recorded = "SELECT name FROM chunks WHERE store = 'recorded'"
        connection.execute(f"UPDATE pieces SET samples = substr(samples, 1, 9) WHERE chunk IN ({recorded})")


@pytest.mark.parametrize("harm", [cut, scribbled, flipped, of_another_version, a_folder, a_blob_too_short])
def test_a_damaged_file_is_set_aside_with_one_line(
    path: Path, harm: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    with opened(path) as store:
        fill(store, range(300))
    harm(path)
    with opened(path) as store:
        [line] = [record.getMessage() for record in caplog.records]
        assert "set aside as samples.damaged.sqlite" in line
        assert "\n" not in line
        assert written(store) == {}
        fill(store, range(3))
    with opened(path) as again:
        assert same(store, again)
    assert path.with_name("samples.damaged.sqlite").exists()


def test_a_file_that_can_not_be_made_costs_only_what_it_would_have_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    with opened(tmp_path / "taken" / "samples.sqlite") as store:
        fill(store, range(3))
        assert len(written(store)["r{}"]) == 3
    [line] = [record.getMessage() for record in caplog.records]
    assert "kept in memory only" in line


@contextlib.contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_does_not_stop_sampling_and_nothing_is_missing_afterwards(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with opened(path) as store:
        fill(store, range(10))
        with files_no_larger_than(path.with_name("samples.sqlite-wal").stat().st_size):
            fill(store, range(10, 600))
        assert store.file_errors > 500
        fill(store, range(600, 610))
        assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    with opened(path) as again:
        assert same(store, again)
        assert len(written(again)["later_rule{}"]) == 610


@pytest.mark.slow
def test_ten_thousand_series_are_read_back_quickly(path: Path) -> None:
    with opened(path, budget=64 << 20) as store:
        chance, values = np.random.default_rng(1), np.zeros(10_000)
        labels = [series(f"m{n % 20}", job="voicehive", agent=f"agent {n}") for n in range(10_000)]
        for step in range(400):
            values += chance.integers(0, 50, 10_000) * (chance.random(10_000) < 0.3)
            store.scraped("own", T0 + step * STEP, zip(labels, values.tolist(), strict=True))
            store.save()
    before = time.process_time()
    with opened(path, budget=64 << 20) as again:
        assert time.process_time() - before < 3
        assert again.series == 10_000


def test_a_full_chunk_is_followed_by_another() -> None:
    chunk = Chunk(10, 1 << 20)
    numbers = np.arange(10)
    while chunk.takes(numbers):
        chunk.put(chunk.count, numbers, np.zeros(10))
    assert chunk.count == chunk.columns
    assert Chunk(10_000, 4 << 20).nbytes < 5 << 20
