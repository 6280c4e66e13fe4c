from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data.models import CALL_COLUMNS, REVIEW, CallEvent, Direction, EndReasonGroup, Status
from data.record import Record
from data.sources.cdr import FIELDS, Reading, Rejected, json_schema, read
from data.times import DAY, HOUR, SECOND, from_datetime, to_iso
from data.writer import apply
from tests.data.support import T0, hash_caller

READING = Reading(hash_caller=hash_caller, now=T0 + 10 * DAY)


def given_record(**fields: Any) -> dict[str, Any]:
    return {"call_id": "c1", "started_at": "2023-11-14T22:13:20Z"} | fields


def taken(zone: str = "UTC", /, **fields: Any) -> CallEvent:
    """The event of a record with these fields."""
    return read(given_record(**fields), Reading(hash_caller, READING.now, ZoneInfo(zone)))


def refusal(**fields: Any) -> str:
    """Why a record with these fields is rejected."""
    with pytest.raises(Rejected) as error:
        read(given_record(**fields), READING)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) <= 300
    return str(error.value)


# --- which kinds of values are taken


def test_the_least_that_a_record_says_is_its_id_and_a_time() -> None:
    assert read(given_record(), READING) == {"source": "api", "call_id": "c1", "started_at": T0, "updated_at": T0}


def test_the_source_of_the_record_stands_above_the_assumed_one() -> None:
    assert taken(source="ours")["source"] == "ours"


@pytest.mark.parametrize("name", sorted(n for n in FIELDS if n.endswith(("_seconds", "_ms")) or n.startswith("cost")))
def test_amounts_are_numbers_from_zero_up(name: str) -> None:
    for value, expected in ((0, 0.0), (1.5, 1.5), ("2.25", 2.25), (" 3 ", 3.0), ("1e3", 1000.0)):
        assert dict(taken(**{name: value}))[name] == expected
    wrong: list[Any] = [-1, "-0.001", math.inf, math.nan, "nan", "inf", "many", 1e13, [1], {"a": 1}, "1,5"]
    for value in wrong:
        assert refusal(**{name: value}).startswith(f"{name}: ")


@pytest.mark.parametrize("name", ["turns", "user_interruptions", "agent_interruptions"])
def test_counts_are_whole_numbers_also_as_spreadsheets_write_them(name: str) -> None:
    right: list[Any] = [3, 3.0, "3", "3.0", " 3 ", "3e0"]
    for value in right:
        found = dict(taken(**{name: value}))[name]
        assert (found, type(found)) == (3, int)
    wrong: list[Any] = [-1, 3.5, "3.5", "three", math.nan, math.inf, "nan", 10**10, 10**400, [3], "٣x"]
    for value in wrong:
        assert refusal(**{name: value}).startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "most"),
    [
        *(("source", 100), ("call_id", 200), ("agent", 200), ("agent_version", 100), ("queue", 200), ("caller", 100)),
        *(("end_reason", 200), ("sentiment", 40), ("success_evaluation", 200), ("language", 35)),
    ],
)
def test_texts_are_taken_up_to_their_length_without_outer_spaces(name: str, most: int) -> None:
    event = dict(taken(**{name: f"  {'ü' * most}\t"}))
    if name != "caller":
        assert event[name] == "ü" * most
        assert dict(taken(**{name: 1234}))[name] == "1234"
    for value in ("x" * (most + 1), "   ", "a\x00b", "a\x1bb", "a\x7fb", "\ud800", ["x"], {"x": 1}):
        assert refusal(**{name: value}).startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "words"), [("status", Status), ("direction", Direction), ("end_reason_group", EndReasonGroup)]
)
def test_words_of_a_closed_list_are_taken_in_any_case(name: str, words: type[Status]) -> None:
    for word in words:
        assert dict(taken(**{name: f" {word.upper()} "}))[name] == word.value
    for value in ("finished", "success ish", 1, True, ["success"], "\ud800", "x" * 10_000):
        message = refusal(**{name: value})
        assert message.startswith(f"{name}: must be one of ")
        assert words(next(iter(words))).value in message


def test_true_and_false_come_in_many_words() -> None:
    for value in (True, 1, "true", "TRUE", "yes", "1"):
        assert taken(transferred=value)["transferred"] is True
    for value in (False, 0, "false", "no", "0"):
        assert taken(transferred=value)["transferred"] is False
    assert refusal(transferred="maybe").startswith("transferred: ")


def test_a_rating_lies_between_one_and_five() -> None:
    assert taken(csat="4.5")["csat"] == 4.5
    for value in (0, 5.01, math.nan, "nan", math.inf, "good"):
        assert refusal(csat=value).startswith("csat: ")


def test_money_without_a_currency_is_in_dollars() -> None:
    assert taken(cost=1)["currency"] == "USD"
    assert taken(cost_llm=1, currency=" eur ")["currency"] == "EUR"
    assert "currency" not in taken()
    for value in ("EURO", "€", "E1R", 7):
        assert refusal(currency=value).startswith("currency: ")


@pytest.mark.parametrize("value", [["a", "b"], '["a", "b"]', "a, b", "a,,b,", [" a ", "b"]])
def test_tags_come_as_a_list_as_json_or_with_commas(value: Any) -> None:
    assert taken(tags=value)["tags"] == ["a", "b"]


def test_bad_tags_are_named_by_their_place() -> None:
    assert refusal(tags=["a", "x" * 101]).startswith("tags.1: ")
    assert refusal(tags=["a", "\x00"]).startswith("tags.1: ")
    assert refusal(tags=["x"] * 51).startswith("tags: ")
    for value in ("[a", '{"a": 1}', 7):
        assert refusal(tags=value).startswith("tags: ")


def test_an_empty_cell_is_unknown() -> None:
    empty: dict[str, Any] = dict.fromkeys(FIELDS - {"call_id", "started_at"}, "") | {"other": ""}
    assert taken(**empty) == taken()
    assert taken(**dict.fromkeys(empty)) == taken()


def test_a_caller_is_stored_as_a_hash_and_two_digits() -> None:
    event = taken(caller="+49 30 123456")
    assert (event["caller_hash"], event["caller_last2"]) == hash_caller("+49 30 123456")
    assert "caller" not in event


# --- times


@pytest.mark.parametrize(
    "value",
    [
        *(1_700_000_000, 1_700_000_000.0, "1700000000", "1700000000.0", 1_700_000_000_000, "1700000000000", 1.7e12),
        *(1_700_000_000_000_000, "1700000000000000", "2023-11-14T22:13:20Z", "2023-11-14 22:13:20+00:00"),
        *(" 2023-11-14T23:13:20+01:00 ", "2023-11-14T17:13:20-05:00", "20231114T221320Z", "2023-11-14T22:13:20"),
    ],
)
def test_a_time_is_iso_text_or_seconds_milliseconds_or_microseconds_since_1970(value: Any) -> None:
    assert taken(started_at=value)["started_at"] == T0


def test_fractions_of_a_second_are_kept() -> None:
    assert taken(started_at="2023-11-14T22:13:20.123456Z")["started_at"] == T0 + 123_456
    assert taken(started_at=1_700_000_000.25)["started_at"] == T0 + 250_000
    assert taken(started_at=1_700_000_000_123)["started_at"] == T0 + 123_000


@pytest.mark.parametrize(
    ("zone", "local", "instant"),
    [
        ("UTC", "2023-07-01 12:00:00", "2023-07-01T12:00:00Z"),
        ("Asia/Kolkata", "2023-07-01 12:00:00", "2023-07-01T06:30:00Z"),
        ("Europe/Berlin", "2023-07-01 12:00:00", "2023-07-01T10:00:00Z"),
        ("Europe/Berlin", "2023-01-01 12:00:00", "2023-01-01T11:00:00Z"),
        ("Europe/Berlin", "2023-07-01", "2023-06-30T22:00:00Z"),
        # Skipped by the clock: half an hour past the gap.
        ("Europe/Berlin", "2023-03-26 02:30:00", "2023-03-26T01:30:00Z"),
        ("America/New_York", "2023-03-12 02:00:00", "2023-03-12T07:00:00Z"),
        # Happens twice: the first.
        ("Europe/Berlin", "2023-10-29 02:30:00", "2023-10-29T00:30:00Z"),
        ("America/New_York", "2023-11-05 01:59:59", "2023-11-05T05:59:59Z"),
        ("Australia/Lord_Howe", "2023-04-02 01:45:00", "2023-04-01T14:45:00Z"),
        # A time with an offset is what it says, wherever it is read.
        ("Europe/Berlin", "2023-07-01 12:00:00Z", "2023-07-01T12:00:00Z"),
    ],
)
def test_a_naive_time_is_read_in_the_zone(zone: str, local: str, instant: str) -> None:
    assert to_iso(taken(zone, started_at=local)["started_at"]) == instant


@pytest.mark.parametrize("name", ["started_at", "queued_at", "answered_at", "ended_at", "updated_at"])
@pytest.mark.parametrize(
    "value",
    [
        *(
            "soon",
            "2023-13-01",
            "2023-02-30",
            "25:00",
            "nan",
            "inf",
            "-inf",
            "1e400",
            "x" * 10_000,
            "\ud800",
            "1" * 5000,
        ),
        *(math.nan, math.inf, -math.inf, 0, -1, 1e17, 10**400, True, [1], {"a": 1}, "0001-01-01", "9999-12-31", 1e300),
        *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1979-12-31T23:59:59Z"),
    ],
    ids=lambda value: str(value)[:20].encode("ascii", "replace").decode(),
)
def test_what_is_no_time_is_rejected_by_name(name: str, value: Any) -> None:
    message = refusal(**{name: value})
    assert message.startswith(f"{name}: ")
    assert "Assertion" not in message


def test_a_time_may_lie_a_day_ahead_of_our_clock_and_no_more() -> None:
    ahead = READING.now + DAY
    assert taken(started_at=to_iso(ahead))["started_at"] == ahead
    assert refusal(started_at=to_iso(ahead + SECOND)) == "started_at: this time lies more than a day in the future"


@given(
    st.datetimes(datetime(1980, 1, 2), datetime(2023, 11, 1)).map(lambda moment: moment.replace(fold=0)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"]),
)
@settings(max_examples=150)
def test_a_naive_time_is_the_first_instant_at_which_the_zones_clock_shows_it(local: datetime, zone: str) -> None:
    found = taken(zone, started_at=local.isoformat())["started_at"]
    assert found == from_datetime(local.replace(tzinfo=ZoneInfo(zone)))
    shown = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=found)).astimezone(ZoneInfo(zone))
    assert shown.replace(tzinfo=None) >= local
    assert shown.replace(tzinfo=None) - local <= timedelta(hours=1)


# --- times among each other


def test_a_missing_update_time_is_the_latest_time_that_the_record_names() -> None:
    event = taken(queued_at=T0 + SECOND, answered_at=T0 + 3 * SECOND)
    assert event["updated_at"] == T0 + 3 * SECOND
    assert taken(updated_at=T0 - HOUR)["updated_at"] == T0 - HOUR


@pytest.mark.parametrize("name", ["queued_at", "answered_at", "ended_at"])
def test_no_time_of_a_call_lies_before_its_start(name: str) -> None:
    assert refusal(status="success", **{name: T0 - SECOND}) == f"{name}: lies before started_at"
    # One time to the millisecond beside one to the second.
    assert dict(taken(status="success", **{name: T0 - 400_000}))[name] == T0


def test_a_call_does_not_end_before_its_answer() -> None:
    assert refusal(status="success", answered_at=T0 + 2, ended_at=T0 + 1) == "ended_at: lies before answered_at"
    assert taken(status="success", answered_at=T0 + 2, ended_at=T0 + 2)


def test_an_end_needs_a_status_that_is_one() -> None:
    assert refusal(ended_at=T0 + 1).startswith("status: required")
    assert refusal(ended_at=T0 + 1, status="in_progress").startswith("ended_at: ")


def test_a_record_without_id_or_any_time_is_rejected() -> None:
    for record, field in (
        ({"started_at": T0}, "call_id: required"),
        ({"call_id": ""} | {"started_at": T0}, "call_id: required"),
        ({"call_id": "c1"}, "started_at: required"),
        ({"call_id": "c1", "status": "success"}, "started_at: required"),
    ):
        with pytest.raises(Rejected, match=field):
            read(record, READING)
    assert read({"call_id": "c1", "updated_at": T0}, READING)["updated_at"] == T0


@pytest.mark.parametrize("record", [None, 7, "text", [], [["call_id", "c1"]], True])
def test_what_is_no_object_is_rejected(record: Any) -> None:
    with pytest.raises(Rejected, match="expected an object"):
        read(record, READING)


# --- what no field takes


def test_unknown_fields_are_kept_in_the_metadata() -> None:
    event = taken(metadata={"a": 1, "b": 1}, b=2, shoe_size=43)
    assert event["metadata"] == {"a": 1, "b": 2, "shoe_size": 43}
    assert taken(metadata='{"a": [1, null]}')["metadata"] == {"a": [1, None]}


def nested(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


@pytest.mark.parametrize("depth", [40, 254, 255, 400, 990, 5_000, 100_000])
@pytest.mark.parametrize(
    "name", ["metadata", "unknown", "tags", "agent", "status", "transcript", "started_at", "turns"]
)
def test_deep_nesting_is_rejected_or_kept_and_never_more(name: str, depth: int) -> None:
    value = {"a": nested(depth)} if name == "metadata" else nested(depth)
    if name == "transcript" and depth < 255:
        assert taken(transcript=value)
    else:
        assert refusal(**{name: value})


def test_metadata_may_be_nested_thirty_levels_and_hold_sixty_four_kilobytes() -> None:
    assert taken(metadata={"a": nested(30)})
    assert refusal(metadata={"a": nested(40)}) == "metadata: nested deeper than 32 levels"
    assert taken(metadata={"a": "x" * 65_000})
    assert refusal(metadata={"a": "x" * 65_536}) == "metadata: larger than 64 kB"
    assert refusal(**{f"unknown {n}": "x" * 1_000 for n in range(70)}) == "metadata: larger than 64 kB"


@pytest.mark.parametrize(
    "metadata", ["text", [1], 7, "{", {"a": 2**70}, {"a": "\ud800"}, {"\ud800": 1}, {"a": {"b": "\udfff"}}]
)
def test_metadata_that_could_not_be_stored_is_rejected(metadata: Any) -> None:
    assert refusal(metadata=metadata).startswith("metadata")


def test_an_unknown_field_that_could_not_be_stored_is_rejected() -> None:
    for value in ("\ud800", 2**70, {"a": ["\ud800"]}):
        assert refusal(other=value).startswith("metadata: ")


def test_a_transcript_is_text_or_becomes_json() -> None:
    assert taken(transcript="Hello\nthere")["transcript"] == "Hello\nthere"
    turns = [{"role": "agent", "text": "Hello"}]
    assert orjson.loads(taken(transcript=turns)["transcript"]) == turns
    for value in ("\ud800", ["\ud800"], {"a": 2**70}, "x" * 1_000_001, "a\x00b"):
        assert refusal(transcript=value).startswith("transcript: ")


def test_every_field_of_a_call_can_be_given() -> None:
    stored = set(CALL_COLUMNS) - {"id", "revision", "stamps", "caller_hash", "caller_last2", *REVIEW}
    assert stored | {"caller", "transcript", "trace"} == FIELDS
    schema = json_schema()
    assert set(schema["properties"]) == FIELDS
    assert schema["properties"]["status"]["enum"] == [status.value for status in Status]
    json.dumps(schema)


# --- anything at all

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
LIKELY = st.sampled_from(
    [T0, T0 / 1e6, "2023-11-14T22:13:20", "success", "inbound", "3.0", "nan", "-1", "true", "[]", "{}", "[1", "\x00"]
)
RECORDS = st.dictionaries(st.sampled_from(sorted(FIELDS)) | st.text(max_size=5), LIKELY | ANYTHING, max_size=8)


@given(ANYTHING | RECORDS | RECORDS.map(lambda record: given_record() | record))
@example(given_record(turns=10**5000))
@example(given_record(agent=10**5000))
@example(given_record(metadata={"a": 10**5000}))
@example(given_record(started_at=10**5000))
@example(given_record(transferred=10**5000))
@settings(max_examples=300)
def test_any_input_is_read_or_rejected(record: Any) -> None:
    try:
        event = read(record, READING)
    except Rejected as error:
        assert str(error)
        assert len(str(error)) <= 400
        return
    assert set(event) <= set(CallEvent.__annotations__)
    assert {"source", "call_id", "updated_at"} <= set(event)
    # The same record sent again is the same event, also after its way through JSON.
    assert orjson.dumps(read(record, READING)) == orjson.dumps(event)


@pytest.mark.slow
@pytest.mark.postgres
def test_whatever_is_read_can_be_stored(record: Record) -> None:
    kept: list[CallEvent] = []

    @given(RECORDS.map(lambda made: given_record() | made))
    @settings(max_examples=150, database=None, derandomize=True)
    def gather(made: dict[str, Any]) -> None:
        try:
            kept.append(read(made | {"call_id": f"c{len(kept)}"}, READING))
        except Rejected:
            return

    gather()
    assert len(kept) > 15
    for event in kept:
        apply(record, [event])
        stored = record.call(event["source"], event["call_id"])
        assert stored is not None
        for name, value in event.items():
            if name not in ("metadata", "status", "started_at"):
                assert stored[name] == value
