from __future__ import annotations

import itertools

import orjson
import pytest

from data.demo.history import generate
from data.demo.traces import with_trace
from data.models import CallEvent
from data.sources.trace import PostedStage
from data.times import SECOND


@pytest.fixture(scope="module")
def calls() -> list[CallEvent]:
    chunks = generate(end=1_790_000_000 * SECOND, days=5, hash_caller=lambda number: (number, number[-2:]))
    return list(itertools.chain.from_iterable(chunks))


def stages(call: CallEvent) -> list[PostedStage]:
    found: list[PostedStage] = orjson.loads(with_trace(call)["trace"])
    return found


def test_a_trace_changes_nothing_else_and_is_the_same_again(calls: list[CallEvent]) -> None:
    for call in calls[::20]:
        traced = with_trace(call)
        assert with_trace(call) == traced
        assert {name: value for name, value in traced.items() if name != "trace"} == call
        assert ("trace" in traced) == ("duration_seconds" in call)


def test_stages_lie_within_the_conversation_and_their_turns(calls: list[CallEvent]) -> None:
    for call in (c for c in calls[::20] if "duration_seconds" in c):
        first = (call["answered_at"] - call["started_at"]) / 1000
        found = stages(call)
        whole = {stage["turn"]: stage for stage in found if stage["stage"] == "turn"}
        assert len(whole) == min(call.get("turns") or len(whole), 60)
        for stage in found:
            turn = whole[stage["turn"]]
            end, turn_end = (s["start_ms"] + s["duration_ms"] for s in (stage, turn))
            assert first - 0.2 <= turn["start_ms"] <= stage["start_ms"] + 0.2
            assert end <= turn_end + 0.5


def test_the_stage_that_the_end_reason_blames_has_failed(calls: list[CallEvent]) -> None:
    timeouts = [c for c in calls if c.get("end_reason") == "pipeline-error-llm-timeout"]
    assert timeouts
    for call in timeouts:
        failed = [stage for stage in stages(call) if stage.get("status") == "error"]
        assert [(stage["stage"], stage["detail"]) for stage in failed] == [("llm", "pipeline-error-llm-timeout")]
