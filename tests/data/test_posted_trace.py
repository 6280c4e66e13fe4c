"""The trace of a call as it is posted with the call."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from data.sources.cdr import Reading, Rejected, json_schema, read
from tests.data.support import T0, hash_caller


def taken(trace: Any) -> Any:
    reading = Reading(hash_caller=hash_caller, now=T0)
    event: Any = read({"call_id": "c1", "started_at": "2023-11-14T20:00:00Z", "trace": trace}, reading)
    return orjson.loads(event["trace"])


def refusal(trace: Any) -> str:
    with pytest.raises(Rejected) as caught:
        taken(trace)
    return str(caught.value)


def stage(**fields: Any) -> dict[str, Any]:
    return {"stage": "llm", "start_ms": 1_200.5, "duration_ms": 340} | fields


def test_stages_are_kept_as_they_came() -> None:
    whole = stage(name="answer", status="error", turn=3, detail="rate limit", model="small", tokens={"in": 512})
    assert taken([whole, stage()]) == [whole, stage()]
    assert taken([]) == []


def test_words_are_taken_in_any_case_and_null_is_the_same_as_not_there() -> None:
    assert taken([stage(stage=" TTS ", status=None)]) == [stage(stage="tts")]


def test_a_cell_of_a_file_holds_the_list_as_json() -> None:
    assert taken('[{"stage": "stt", "start_ms": 0, "duration_ms": 180}]')[0]["duration_ms"] == 180


BAD = {
    "unknown stage": ([stage(stage="coffee")], "trace.0.stage"),
    "no stage": ([{"start_ms": 1, "duration_ms": 1}], "trace.0.stage"),
    "no start": ([{"stage": "llm", "duration_ms": 1}], "trace.0.start_ms"),
    "negative start": ([stage(), stage(start_ms=-1)], "trace.1.start_ms"),
    "negative duration": ([stage(duration_ms=-0.1)], "trace.0.duration_ms"),
    "NaN": ([stage(start_ms=float("nan"))], "trace.0.start_ms"),
    "infinite": ([stage(duration_ms=float("inf"))], "trace.0.duration_ms"),
    "beyond 64 bits": ([stage(duration_ms=2**70)], "trace.0.duration_ms"),
    "an attribute beyond 64 bits": ([stage(tokens=2**70)], "trace"),
    "no UTF-8": ([stage(note="\ud800")], "trace"),
    "too deep": ([stage(note=orjson.loads("[" * 300 + "]" * 300))], "trace"),
    "unknown status": ([stage(status="great")], "trace.0.status"),
    "half a turn": ([stage(turn=1.5)], "trace.0.turn"),
    "no list": (stage(), "trace"),
    "no object": ([7], "trace.0"),
    "no JSON": ("[", "trace"),
    "2,001 stages": ([stage()] * 2_001, "trace"),
    "more than a megabyte": ([stage(detail="x" * 2_000)] * 600, "trace"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_stage_costs_the_call_and_is_named(name: str) -> None:
    trace, place = BAD[name]
    assert refusal(trace).startswith(f"{place}: ")


def test_the_schema_stands_by_itself() -> None:
    schema = json_schema()
    assert "$defs" not in schema
    described = schema["properties"]["trace"]["items"]
    assert described["required"] == ["stage", "start_ms", "duration_ms"]
    assert "network" in described["properties"]["stage"]["enum"]
    assert "$ref" not in orjson.dumps(schema).decode()
