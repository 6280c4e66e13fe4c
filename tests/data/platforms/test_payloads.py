"""What each platform says becomes the fields of a call, in our units."""

from __future__ import annotations

import base64
import contextlib
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.models import CallEvent
from data.sources import asterisk, freeswitch
from data.sources.bodies import FORM
from data.sources.cdr import Rejected
from data.sources.platforms import PLATFORMS, generic, read_payload
from data.times import SECOND
from tests.data.platforms import payloads as p
from tests.data.support import T0


def subset(event: CallEvent, expected: dict[str, Any]) -> None:
    known: dict[str, Any] = dict(event)
    assert {name: known.get(name) for name in expected} == expected


def test_vapi_tells_a_finished_call() -> None:
    event = p.read("vapi", p.vapi())
    subset(
        event,
        {
            "source": "vapi", "call_id": "9f0c-vapi", "updated_at": T0 + 95 * SECOND, "direction": "inbound",
            "agent": "roxy", "started_at": T0 + 2 * SECOND, "answered_at": T0 + 2 * SECOND,
            "ended_at": T0 + 92_500_000, "status": "success", "end_reason": "customer-ended-call",
            "end_reason_group": "customer", "success_evaluation": "8", "cost": 0.1432, "currency": "USD",
            "cost_telephony": 0.02, "cost_stt": 0.011, "cost_llm": 0.03, "cost_tts": 0.05, "cost_platform": 0.03,
            "latency_ms": 1180.5, "latency_stt_ms": 180.0, "latency_llm_ms": 620.0, "latency_tts_ms": 210.0,
            "user_interruptions": 2, "agent_interruptions": 1, "turns": 1, "caller_last2": "42",
        },
    )  # fmt: skip
    assert event["metadata"]["summary"] == "Router restarted."
    assert [turn["text"] for turn in orjson.loads(event["transcript"])] == [
        "Hello, this is Roxy.",
        "My router is down.",
    ]


@pytest.mark.parametrize(
    ("reason", "status", "group"),
    [
        ("assistant-ended-call", "success", "agent"),
        ("assistant-forwarded-call", "success", "transfer"),
        ("assistant-request-failed", "error", "platform_error"),
        ("silence-timed-out", "success", "no_input"),
        ("voicemail", "voicemail", "voicemail"),
        ("exceeded-max-duration", "success", "limit"),
        ("twilio-failed-to-connect-call", "error", "telephony"),
        ("customer-busy", "missed", "customer"),
        ("pipeline-error-openai-llm-failed", "error", "platform_error"),
        ("call.in-progress.error-assistant-did-not-receive-customer-audio", "error", "platform_error"),
        ("call.in-progress.sip-completed-call", "success", "telephony"),
        ("something-new", "success", "unknown"),
    ],
)
def test_vapis_end_reasons_are_told_apart_by_their_beginnings(reason: str, status: str, group: str) -> None:
    subset(p.read("vapi", p.vapi(endedReason=reason)), {"status": status, "end_reason_group": group})


def test_an_absent_cost_is_unknown_and_not_nothing() -> None:
    older = p.vapi(cost=None, costs=None, artifact={}, transcript="User: hi", timestamp="2023-11-14T22:15:00Z")
    event = p.read("vapi", older)
    assert not {name for name in event if name.startswith(("cost", "latency"))}
    assert (event["transcript"], event["updated_at"]) == ("User: hi", T0 + 100 * SECOND)
    assert "cost" not in p.read("retell", p.retell(call_cost=None))
    assert "cost" not in p.read("bland", p.bland(price=None))
    assert p.read("bland", p.bland(price=0))["cost"] == 0


def test_retell_counts_in_cents_and_milliseconds() -> None:
    subset(
        p.read("retell", p.retell()),
        {
            "call_id": "call_77", "direction": "outbound", "agent": "ada", "agent_version": "3", "caller_last2": "42",
            "started_at": T0, "ended_at": T0 + 61_250_000, "updated_at": T0 + 61_250_000, "duration_seconds": 61.25,
            "status": "success", "end_reason_group": "agent", "cost": 0.123, "cost_tts": 0.07, "cost_llm": 0.043,
            "cost_telephony": 0.01, "latency_ms": 900.0, "latency_llm_ms": 500.0, "latency_network_ms": 40.0,
        },
    )  # fmt: skip
    analyzed = p.read("retell", p.retell_analyzed())
    assert analyzed["updated_at"] > T0 + 61_250_000
    subset(analyzed, {"sentiment": "Positive", "success_evaluation": "true"})


def test_a_call_that_retell_could_not_dial_was_never_answered() -> None:
    event = p.read("retell", p.retell(call_status="not_connected", disconnection_reason="dial_no_answer"))
    assert (event["status"], event.get("answered_at"), event.get("duration_seconds")) == ("missed", None, None)


def test_twilios_call_duration_is_seconds_and_its_duration_minutes() -> None:
    event = p.read("twilio", p.twilio_call()[-1])
    subset(
        event,
        {
            "call_id": "CA123", "direction": "inbound", "duration_seconds": 100.0, "ended_at": T0 + 105 * SECOND,
            "answered_at": T0 + 5 * SECOND, "status": "success", "caller_last2": "42",
            "updated_at": T0 + 105 * SECOND + 3,
        },
    )  # fmt: skip


def test_twilios_prices_are_what_is_taken_away_and_null_until_known() -> None:
    resource = {
        "sid": "CA123", "status": "completed", "direction": "outbound-api", "from": "+1555", "to": p.NUMBER,
        "start_time": "Tue, 14 Nov 2023 22:13:25 +0000", "end_time": "Tue, 14 Nov 2023 22:15:05 +0000",
        "duration": "100", "price": "-0.0085", "price_unit": "USD", "answered_by": "machine_start", "queue_time": "800",
    }  # fmt: skip
    subset(p.read("twilio", resource), {"cost": 0.0085, "duration_seconds": 100.0, "status": "voicemail"})
    assert "cost" not in p.read("twilio", resource | {"price": None})


def test_a_leg_that_twilio_dialled_is_no_call_of_its_own() -> None:
    leg = p.twilio("completed", "22:15:05", 3, CallSid="CA9", ParentCallSid="CA123", Direction="outbound-dial")
    event = p.read("twilio", leg)
    assert (event["call_id"], event["transferred"], "status" in event) == ("CA123", True, False)


def test_blands_call_length_is_minutes_and_its_corrected_duration_seconds() -> None:
    subset(
        p.read("bland", p.bland()),
        {
            "call_id": "bl-5", "direction": "outbound", "duration_seconds": 149.0, "cost": 0.225, "status": "success",
            "started_at": T0 + 4 * SECOND, "ended_at": T0 + 154 * SECOND, "end_reason_group": "customer",
            "tags": ["GREETED"], "turns": 1, "caller_last2": "42",
        },
    )  # fmt: skip
    assert p.read("bland", p.bland(corrected_duration=None))["duration_seconds"] == 150.0
    assert p.read("bland", p.bland(answered_by="voicemail"))["status"] == "voicemail"
    assert p.read("bland", p.bland(status="busy", completed=False))["status"] == "missed"


def test_elevenlabs_counts_credits_which_are_no_money_and_seconds() -> None:
    event = p.read("elevenlabs", p.elevenlabs())
    subset(
        event,
        {
            "call_id": "conv_3", "agent": "nora", "direction": "inbound", "started_at": T0, "status": "success",
            "ended_at": T0 + 22 * SECOND, "duration_seconds": 22.0, "cost": None, "latency_llm_ms": 450.0,
            "end_reason_group": "customer", "success_evaluation": "success", "updated_at": T0 + 30 * SECOND,
        },
    )  # fmt: skip
    assert event["metadata"]["credits"] == 296
    assert "currency" not in event


def test_freeswitchs_epochs_are_texts_and_zero_is_never() -> None:
    subset(
        p.read("freeswitch", p.freeswitch()),
        {
            "call_id": "2b1e-fs", "direction": "inbound", "queue": "support@default", "agent": "1007",
            "started_at": T0 + 250_000, "answered_at": T0 + 4 * SECOND, "ended_at": T0 + 64 * SECOND,
            "wait_seconds": 4.0, "status": "success", "end_reason_group": "customer", "caller_last2": "42",
        },
    )  # fmt: skip
    left = p.read("freeswitch", p.freeswitch(answer_epoch="0", hangup_cause="ORIGINATOR_CANCEL"))
    assert (left["status"], "answered_at" in left) == ("abandoned", False)


def test_freeswitchs_record_comes_as_json_base64_form_or_xml() -> None:
    record = p.freeswitch()
    plain = orjson.dumps(record)
    xml = (
        '<cdr core-uuid="c0"><variables>'
        + "".join(f"<{k}>{quote(v)}</{k}>" for k, v in record["variables"].items())
        + "</variables><callflow><caller_profile><caller_id_number>%2B15557320142</caller_id_number></caller_profile>"
        "</callflow></cdr>"
    )
    bodies = [
        (plain, "application/json"),
        (base64.b64encode(plain), "application/json"),
        (urlencode({"cdr": plain.decode()}).encode(), FORM),
        (urlencode({"cdr": xml}).encode(), FORM),
        (xml.encode(), "text/xml"),
    ]
    found = [[p.read("freeswitch", one) for one in freeswitch.unpack(*body)] for body in bodies]
    for (event,) in found:
        subset(event, {"call_id": "2b1e-fs", "answered_at": T0 + 4 * SECOND, "caller_last2": "42"})
    for broken in (b"<cdr><variables></cdr>", b'<!DOCTYPE x [<!ENTITY a "b">]><cdr>&a;</cdr>', b"\xff"):
        with pytest.raises(Rejected):
            freeswitch.unpack(broken, "text/xml")


def test_asterisks_times_are_local_and_its_ids_give_the_zone_away() -> None:
    event = p.read("asterisk", p.asterisk())
    subset(
        event,
        {
            "call_id": "1700000000.26", "queue": "support", "agent": "agent7", "started_at": T0,
            "answered_at": T0 + 12 * SECOND, "ended_at": T0 + 102 * SECOND, "status": "success", "caller_last2": "42",
        },
    )  # fmt: skip
    utc = {"start": "2023-11-14 22:13:20", "answer": "2023-11-14 22:13:32", "end": "2023-11-14 22:15:02"}
    assert p.read("asterisk", p.asterisk(**utc))["ended_at"] == event["ended_at"]
    # Without an id that tells, the zone that is set decides.
    named = p.asterisk(uniqueid="", linkedid="")
    assert p.read("asterisk", named, zone="America/New_York")["started_at"] == T0
    unanswered = p.read("asterisk", p.asterisk(disposition="NO ANSWER", answer=""))
    assert (unanswered["status"], "answered_at" in unanswered) == ("abandoned", False)


def test_rows_of_asterisk_are_told_apart_by_where_the_disposition_stands() -> None:
    told = p.asterisk(accountcode="acc", clid='"A" <1>', userfield="u")
    by_csv = asterisk.row([told.get(name, "") for name in asterisk._CSV])
    by_custom = asterisk.row([told.get(name, "") for name in asterisk._CUSTOM])
    assert by_csv == by_custom == told
    with pytest.raises(Rejected, match="no row of Asterisk"):
        asterisk.row(["a"] * 17)


def test_connect_tells_queue_agent_and_durations() -> None:
    subset(
        p.read("connect", p.connect()),
        {
            "call_id": "c-1", "direction": "inbound", "queue": "Billing", "agent": "maria", "started_at": T0,
            "queued_at": T0 + 30 * SECOND, "answered_at": T0 + 70 * SECOND, "ended_at": T0 + 300 * SECOND,
            "wait_seconds": 40.0, "hold_seconds": 15.0, "after_call_seconds": 25.0, "status": "success",
            "end_reason_group": "customer", "updated_at": T0 + 360 * SECOND,
        },
    )  # fmt: skip
    assert p.read("connect", p.connect(Agent=None))["status"] == "abandoned"


def test_connects_records_come_one_after_the_other_or_from_firehose() -> None:
    one, two = orjson.dumps(p.connect()), orjson.dumps(p.connect(ContactId="c-9"))
    delivery = {"requestId": "r", "records": [{"data": base64.b64encode(one).decode()}]}
    kinesis = {"Records": [{"kinesis": {"data": base64.b64encode(two).decode()}}]}
    unpack = PLATFORMS["connect"].unpack
    assert [each["ContactId"] for each in unpack(one + two + b"\n" + one, "")] == ["c-1", "c-9", "c-1"]
    assert unpack(orjson.dumps(delivery), "")[0]["ContactId"] == "c-1"
    assert unpack(orjson.dumps(kinesis), "")[0]["ContactId"] == "c-9"
    assert unpack(one + b'{"broken', "")[1] == '{"broken'


def test_a_leg_that_freeswitch_dialled_adds_who_was_reached_to_its_call() -> None:
    leg = p.freeswitch(uuid="b-leg", originating_leg_uuid="2b1e-fs", cc_agent="1009", direction="outbound")
    event = p.read("freeswitch", leg)
    assert (event["call_id"], event["agent"], "status" in event) == ("2b1e-fs", "1009", False)


def test_what_is_about_no_call_says_nothing() -> None:
    for platform, payload in (
        ("vapi", {"message": {"type": "speech-update"}}),
        ("livekit", p.livekit("egress_started", 3)),
        ("elevenlabs", {"type": "post_call_audio", "data": {}}),
    ):
        assert read_payload(PLATFORMS[platform], payload, p.reading_of(platform)) is None


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("payload", [{}, {"unknown": 1}, [], "text", None, 7, {"message": 1, "call": [], "data": "x"}])
def test_what_names_no_call_is_rejected(platform: str, payload: Any) -> None:
    with pytest.raises(Rejected):
        read_payload(PLATFORMS[platform], payload, p.reading_of(platform))


WHOLE = {
    "vapi": p.vapi(), "retell": p.retell_analyzed(), "twilio": p.twilio_call()[-1], "bland": p.bland(),
    "livekit": p.livekit_call()[3], "elevenlabs": p.elevenlabs(), "freeswitch": p.freeswitch(),
    "asterisk": p.asterisk(), "connect": p.connect(),
}  # fmt: skip
JUNK = st.sampled_from([None, "", "x", "0", 0, -1, 1e300, True, [], ["x"], {}, {"x": None}])


@st.composite
def spoilt(draw: st.DrawFn, value: Any) -> Any:
    """The value with something in it replaced by junk."""
    inner = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    if not inner or draw(st.integers(0, 4)) == 0:
        return draw(JUNK)
    key = draw(st.sampled_from(inner))
    copied = value.copy()
    copied[key] = draw(spoilt(value[key]))
    return copied


@pytest.mark.parametrize("platform", WHOLE)
@given(data=st.data())
@settings(max_examples=150)
def test_junk_in_any_place_is_left_out_or_rejected(platform: str, data: st.DataObject) -> None:
    payload = data.draw(spoilt(WHOLE[platform]))
    with contextlib.suppress(Rejected):
        read_payload(PLATFORMS[platform], payload, p.reading_of(platform))


def test_the_payload_is_kept_without_the_callers_number() -> None:
    for event in (p.read("vapi", p.vapi()), p.read("freeswitch", p.freeswitch()), p.read("retell", p.retell())):
        assert "7320142" not in event["payload"]
        assert "…42" in event["payload"]
    assert orjson.loads(p.read("bland", p.bland(new_field=[1]))["payload"])["new_field"] == [1]


def test_a_field_that_can_not_be_read_costs_only_itself() -> None:
    odd = p.bland(price="free", summary="x\x00y", disposition_tag="a" * 900, corrected_duration="soon")
    event = p.read("bland", odd)
    assert "cost" not in event
    assert (event["duration_seconds"], len(event["tags"][0])) == (150.0, 100)


def test_a_time_that_can_not_be_read_costs_the_message() -> None:
    for platform, payload in (
        ("vapi", p.vapi(startedAt="yesterday")),
        ("retell", p.retell(start_timestamp="soon")),
        ("twilio", p.twilio("completed", "25:99:00", 1)),
        ("asterisk", p.asterisk(end="late")),
        ("connect", p.connect(LastUpdateTimestamp="x")),
        ("bland", p.bland(end_at="2023-11-14T22:13:00Z")),
    ):
        with pytest.raises(Rejected):
            p.read(platform, payload)


def test_a_generic_call_has_our_fields_or_those_of_a_map(tmp_path: Any) -> None:
    from data.sources.mapping import load_map

    plain = {"call_id": "g", "started_at": S, "status": "success", "shoe": 43}
    event = read_payload(generic(None), plain, p.reading_of("generic"))
    assert event is not None
    subset(event, {"source": "generic", "call_id": "g", "metadata": {"shoe": 43}})
    path = tmp_path / "map.yml"
    path.write_text(
        "fields:\n  call_id: data.id\n  started_at: {column: data.begin, zone: America/New_York}\n"
        "  duration_seconds: {column: data.minutes, times: 60}\n  status: {value: success}\n"
    )
    nested = {"data": {"id": 7, "begin": "2023-11-14 17:13:20", "minutes": "1.5"}}
    event = read_payload(generic(load_map(path)), nested, p.reading_of("generic"))
    assert event is not None
    subset(event, {"call_id": "7", "started_at": T0, "duration_seconds": 90.0})


S = "2023-11-14T22:13:20Z"
