from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select

from data.demo.fill import fill
from data.models import calls
from data.record import Record
from data.times import DAY, now_micros


def stored(record: Record) -> tuple[int, int]:
    """How many calls there are, and when the first of them started."""
    with record.read() as connection:
        count, first = connection.execute(select(func.count(), func.min(calls.c.started_at))).one()
        return int(count), int(first)


def test_two_days_come_first_and_the_older_history_when_it_is_told_to_go_on(tmp_path: Path) -> None:
    url, done = f"sqlite:///{tmp_path / 'voicehive.db'}", tmp_path / "done"
    now, record, seen = now_micros(), Record(url), []
    fill(url, b"a secret of thirty-two characters", done, lambda: seen.append((*stored(record), done.exists())))
    [(count, first, finished)] = seen
    assert 1_000 < count < 4_000 and now - 2 * DAY <= first < now - DAY and not finished
    count, first = stored(record)
    assert 55_000 < count < 65_000 and first < now - 59 * DAY and done.exists()
    record.close()
