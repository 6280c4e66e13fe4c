"""Promise 5 for what platforms send: messages that come twice, late or out of order make the same call."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.merge import Row, fresh, merge
from data.models import CallEvent
from data.record import Record
from data.times import SECOND
from data.writer import apply
from tests.data.platforms import payloads as p
from tests.data.support import T0, rows

CALLS: dict[str, Callable[[], Sequence[Any]]] = {
    "retell": lambda: [p.retell_started(), p.retell(), p.retell_analyzed()],
    "twilio": p.twilio_call,
    "livekit": p.livekit_call,
    "asterisk": p.asterisk_call,
    "connect": p.connect_call,
}
EXPECTED: dict[str, dict[str, Any]] = {
    "retell": {"status": "success", "sentiment": "Positive", "cost": 0.123, "duration_seconds": 61.25},
    "twilio": {
        "status": "success", "started_at": T0, "answered_at": T0 + 5 * SECOND, "ended_at": T0 + 105 * SECOND,
        "duration_seconds": 100.0,
    },
    "livekit": {
        "call_id": "RM_x1", "status": "success", "direction": "inbound", "agent": "roxy", "started_at": T0,
        "answered_at": T0 + 3 * SECOND, "ended_at": T0 + 84 * SECOND, "end_reason_group": "customer",
    },
    "asterisk": {
        "status": "success", "started_at": T0, "answered_at": T0 + 12 * SECOND, "ended_at": T0 + 399 * SECOND,
        "agent": "agent9", "caller_last2": "42",
    },
    "connect": {
        "status": "success", "started_at": T0, "answered_at": T0 + 70 * SECOND, "ended_at": T0 + 600 * SECOND,
        "agent": "lou", "queue": "Billing", "transferred": True, "end_reason_group": "customer",
        "wait_seconds": 40.0,
    },
}  # fmt: skip


def events(platform: str) -> list[CallEvent]:
    return [p.read(platform, payload) for payload in CALLS[platform]()]


def fold(history: Sequence[CallEvent]) -> Row:
    first, *others = history
    return functools.reduce(lambda row, event: merge(row, event) or row, others, fresh(first))


@pytest.mark.parametrize("platform", CALLS)
def test_the_messages_of_a_call_make_one_call(platform: str, sqlite_record: Record) -> None:
    apply(sqlite_record, events(platform))
    (row,) = rows(sqlite_record).values()
    assert {name: row.get(name) for name in EXPECTED[platform]} == EXPECTED[platform]


@pytest.mark.parametrize("platform", CALLS)
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_their_order_and_number_change_nothing(platform: str, data: st.DataObject) -> None:
    told = events(platform)
    again = data.draw(st.lists(st.sampled_from(told), max_size=4))
    assert fold(data.draw(st.permutations(told + again))) == fold(told)


@given(data=st.data())
@settings(max_examples=60)
def test_a_room_of_which_events_were_lost_is_still_that_call(data: st.DataObject) -> None:
    told = events("livekit")
    some = data.draw(st.lists(st.sampled_from(told), min_size=1, unique_by=id))
    row = fold(data.draw(st.permutations(some)))
    assert (row["call_id"], row["started_at"]) == ("RM_x1", T0)
    assert row["status"] in ("in_progress", "success", "abandoned")


def test_a_room_that_no_agent_entered_was_abandoned() -> None:
    without = [p.read("livekit", e) for e in p.livekit_call() if e.get("participant") != p.AGENT and "kind" not in e]
    caller_only = [event for event in without if event.get("agent") is None]
    assert fold(caller_only)["status"] == "abandoned"


def test_a_number_that_did_not_answer_was_missed() -> None:
    outbound = p.SIP | {"attributes": {"sip.phoneNumber": p.NUMBER, "sip.trunkID": "ST_1"}}
    told = [
        p.livekit("room_started", 0),
        p.livekit("participant_joined", 1, participant=outbound),
        p.livekit("participant_left", 31, participant=outbound | {"disconnectReason": "USER_UNAVAILABLE"}),
        p.livekit("room_finished", 51),
    ]
    row = fold([p.read("livekit", each) for each in told])
    assert (row["status"], row["direction"], row["end_reason_group"]) == ("missed", "outbound", "telephony")
