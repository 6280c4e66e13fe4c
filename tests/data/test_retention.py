"""What is old goes, what is young stays, and what was archived can be read back as it was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import insert, select

from data import retention
from data.analytics import AnalyticCopy
from data.archive import BadArchive, archive_calls, import_archive
from data.deletion import AT_ONCE
from data.filters import CallFilter
from data.models import alert_transitions, audit_log, sessions, users
from data.policy import Policy
from data.queries.listing import count_calls
from data.record import Record
from data.retention import Due, Stopped, preview, run
from data.times import DAY
from data.writer import apply
from tests.data.support import T0, call, document, rows

NOW = T0 + 100 * DAY


def fill(record: Record, *, old: int, young: int) -> None:
    """Calls 50 days before NOW, and a day before it."""
    apply(record, [call(f"old{n}", started_at=NOW - 50 * DAY + n, transcript=f"said {n}") for n in range(old)])
    apply(record, [call(f"young{n}", started_at=NOW - DAY + n, transcript="just now") for n in range(young)])


def test_only_what_is_older_goes_and_the_preview_said_so(record: Record, copy: AnalyticCopy) -> None:
    fill(record, old=AT_ONCE + 5, young=3)
    policy = Policy(calls=30)
    assert preview(record, policy, NOW) == [Due("calls", NOW - 30 * DAY, AT_ONCE + 5)]
    assert count_calls(copy, CallFilter()) == AT_ONCE + 8
    assert run(record, policy, NOW) == {"calls": AT_ONCE + 5}
    assert {call_id for _, call_id in rows(record)} == {"young0", "young1", "young2"}
    assert count_calls(copy, CallFilter()) == 3
    assert preview(record, policy, NOW)[0].rows == 0


def test_without_a_limit_nothing_goes(record: Record) -> None:
    fill(record, old=2, young=1)
    assert preview(record, Policy(), NOW) == []
    assert run(record, Policy(), NOW) == {}
    assert len(rows(record)) == 3


def test_documents_may_go_before_their_calls(record: Record) -> None:
    fill(record, old=2, young=1)
    assert run(record, Policy(documents=30), NOW) == {"documents": 2}
    assert document(record, "old0") is None
    assert document(record, "young0") == "just now"
    assert len(rows(record)) == 3


def test_the_history_of_alerts_has_days_of_its_own(record: Record) -> None:
    told = {"rule_group": "g", "rule": "r", "fingerprint": "f", "labels": "{}", "annotations": "{}", "value": 1.0}
    made = [told | {"at": (NOW - days * DAY) // 1000, "before": "inactive", "after": "firing"} for days in (40, 20)]
    with record.write() as connection:
        connection.execute(insert(alert_transitions), made)
    assert run(record, Policy(alerts=30), NOW) == {"alerts": 1}
    with record.read() as connection:
        assert connection.execute(select(alert_transitions.c.at)).scalars().all() == [(NOW - 20 * DAY) // 1000]


def test_the_audit_log_outlives_calls_and_sessions_go_when_they_are_over(record: Record) -> None:
    fill(record, old=2, young=1)
    line = {"actor": "a", "action": "did", "subject": "", "address": ""}
    session = {"digest": "d", "kind": "browser", "user_id": 1, "created_at": 0, "address": "", "agent": ""}
    with record.write() as connection:
        connection.execute(insert(audit_log), [line | {"at": NOW - days * DAY} for days in (800, 50)])
        user = {"id": 1, "name": "a", "role": "admin", "disabled": False, "created_at": 0}
        connection.execute(insert(users).values(user))
        made = [
            session
            | {"id": name, "digest": name, "seen_at": NOW - days * DAY, "expires_at": NOW - days * DAY + 14 * DAY}
            for name, days in (("over", 60), ("late", 32), ("used", 0))
        ]
        connection.execute(insert(sessions), made)
    policy = Policy(calls=30, audit=730, sessions=30)
    expected = {"calls": 2, "audit": 1, "sessions": 2}
    assert {due.kind: due.rows for due in preview(record, policy, NOW)} == expected
    assert run(record, policy, NOW) == expected
    with record.read() as connection:
        assert connection.execute(select(audit_log.c.at)).scalars().all() == [NOW - 50 * DAY]
        assert connection.execute(select(sessions.c.id)).scalars().all() == ["used"]


def test_a_run_that_is_stopped_is_finished_by_the_next(record: Record) -> None:
    fill(record, old=5, young=1)
    stopping = Event()
    stopping.set()
    with pytest.raises(Stopped):
        run(record, Policy(calls=30), NOW, stopping)
    assert run(record, Policy(calls=30), NOW) == {"calls": 5}


@pytest.mark.slow
def test_calls_come_in_between_its_batches(record: Record) -> None:
    """Promise 21: ingest waits for a batch at most, not for the run."""
    fill(record, old=10 * AT_ONCE, young=0)
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(run, record, Policy(calls=30), NOW)
        stored = 0
        while not running.done():
            apply(record, [call(f"new{stored}", started_at=NOW)])
            stored += 1
        assert running.result() == {"calls": 10 * AT_ONCE}
    # In one transaction it would let none in but the first and the last.
    assert stored > 4
    assert len(rows(record)) == stored


def test_archived_calls_come_back_as_they_were(record: Record, copy: AnalyticCopy, tmp_path: Path) -> None:
    apply(
        record,
        [
            call("a", started_at=T0, status="success", tags=["vip", "ü"], metadata={"n": [1, {"m": None}]}, csat=4.5),
            call("b", started_at=T0 + 40 * DAY, transcript="line\nline", trace="[]", transferred=True, turns=7),
            call("c", started_at=T0),
        ],
    )
    apply(record, [call("a", updated_at=T0 + 1, agent="roxy", transcript="hello")])
    before, texts = rows(record), (document(record, "a"), document(record, "b"), document(record, "b", "trace"))
    folder = tmp_path / "archive"
    assert run(record, Policy(calls=30, archive=folder), NOW) == {"calls": 3}
    assert count_calls(copy, CallFilter()) == 0

    files = sorted(folder.rglob("*.parquet"))
    assert [file.parent.name for file in files] == ["month=2023-11", "month=2023-12"]
    reports = [import_archive(record, file) for file in (*files, files[0])]
    assert [(each.accepted, each.duplicate) for each in reports] == [(2, 0), (1, 0), (0, 2)]
    assert rows(record) == before
    assert (document(record, "a"), document(record, "b"), document(record, "b", "trace")) == texts
    assert count_calls(copy, CallFilter()) == 3
    # What a platform still sends merges as if the call had never been away.
    apply(record, [call("a", agent="older news", updated_at=T0)])
    assert rows(record) == before


def test_a_call_that_changed_after_it_was_archived_stays_for_the_next_round(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(record, old=3, young=0)

    def archive_and_change(record: Record, ids: list[int], folder: Path) -> list[Path]:
        written = archive_calls(record, ids, folder)
        if len(ids) == 3:
            apply(record, [call("old1", started_at=NOW - 50 * DAY + 1, updated_at=T0 + 5, agent="late")])
        return written

    monkeypatch.setattr(retention, "archive_calls", archive_and_change)
    assert run(record, Policy(calls=30, archive=tmp_path), NOW) == {"calls": 3}
    for file in sorted(tmp_path.rglob("*.parquet"), key=lambda file: file.stat().st_mtime_ns, reverse=True):
        import_archive(record, file)
    assert rows(record)["test", "old1"]["agent"] == "late"


def test_a_file_that_is_no_archive_is_refused_by_name(record: Record, tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(BadArchive, match=r"broken\.parquet: "):
        import_archive(record, tmp_path / "broken.parquet")
