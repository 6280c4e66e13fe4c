"""The analytic copy: it answers like the record, and it may be lost or broken at any time (promise 2)."""

from __future__ import annotations

import functools
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
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
from data.queries.listing import count_calls
from data.record import Record
from data.times import DAY
from data.writer import apply
from tests.conftest import ROOT
from tests.data.copies import figures, held, history, of
from tests.data.support import T0, call, revisions, rows

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
