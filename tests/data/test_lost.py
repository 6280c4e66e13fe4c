from __future__ import annotations

from data.analytics import AnalyticCopy
from data.ingest import Ingest
from data.lost import lost_calls
from data.queries.kpis import ACTIVE_TIMEOUT
from data.record import Record
from data.times import HOUR
from data.writer import apply
from tests.data.support import T0, call, rows


def test_a_call_without_news_for_four_hours_is_closed_as_lost(
    record: Record, copy: AnalyticCopy, ingest: Ingest
) -> None:
    ingest.write([call("lost"), call("alive", updated_at=T0 + 1), call("ended", status="success")])
    assert lost_calls(copy, T0 + ACTIVE_TIMEOUT - 1) == []
    events = lost_calls(copy, T0 + ACTIVE_TIMEOUT)
    ingest.write(events)
    stored = rows(record)
    assert [event["call_id"] for event in events] == ["lost"]
    assert (stored["test", "lost"]["status"], stored["test", "lost"]["end_reason"]) == ("error", "lost")
    assert stored["test", "alive"]["status"] == "in_progress"
    assert lost_calls(copy, T0 + ACTIVE_TIMEOUT) == []


def test_what_the_platform_still_sends_wins_over_the_loss(record: Record, copy: AnalyticCopy) -> None:
    apply(record, [call()])
    apply(record, lost_calls(copy, T0 + 5 * HOUR))
    apply(record, [call(updated_at=T0 + 6 * HOUR, status="success", end_reason="done", end_reason_group="customer")])
    row = rows(record)["test", "c1"]
    assert (row["status"], row["end_reason"], row["end_reason_group"]) == ("success", "done", "customer")
