"""The timeline of a call: valid for Plotly, one lane a stage, exact in words, and deaf to tags from outside."""

from __future__ import annotations

from typing import Any

import orjson
import plotly.graph_objects as go

from app.figures.timeline import timeline
from app.theme import painted


def stage(kind: str, start: float, length: float, **more: Any) -> dict[str, Any]:
    unknown = dict.fromkeys(("name", "status", "turn", "detail"))
    return unknown | {"stage": kind, "start_ms": start, "duration_ms": length} | more


def drawn(*stages: dict[str, Any]) -> dict[str, Any]:
    figure = timeline(stages)
    go.Figure(painted(figure))
    assert orjson.loads(orjson.dumps(figure)) == figure
    return figure


def named(figure: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {trace["uid"]: trace for trace in figure["data"]}


def test_each_stage_is_a_bar_on_its_lane_from_its_start_for_its_duration() -> None:
    figure = drawn(stage("tts", 900, 150), stage("stt", 0, 120), stage("tts", 2900, 160))
    bars = named(figure)
    assert list(bars) == ["stt", "tts"]
    assert (bars["tts"]["base"], bars["tts"]["x"]) == ([900, 2900], [150, 160])
    assert figure["layout"]["yaxis"]["categoryarray"] == ["Text to speech", "Speech to text"]
    assert {trace["type"] for trace in figure["data"]} == {"bar"}


def test_what_failed_is_marked_and_stays_on_its_lane() -> None:
    bars = named(drawn(stage("llm", 0, 400), stage("llm", 500, 9000, status="error", detail="timeout")))
    assert bars["llm"]["x"] == [400]
    assert bars["failed"]["y"] == ["Language model"]
    assert bars["failed"]["marker"]["pattern"]["shape"]
    assert bars["failed"]["customdata"][0].endswith("failed<br>timeout")


def test_hovering_tells_exact_milliseconds_and_the_turn() -> None:
    words = named(drawn(stage("llm", 12_345, 1240, name="answer", turn=3)))["llm"]["customdata"][0]
    assert words == "<b>answer</b> · turn 3<br>1.24 s (1,240 ms)<br>begins after 12,345 ms"


def test_tags_in_names_are_text_and_long_names_are_cut() -> None:
    words = named(drawn(stage("tool", 0, 1, name='<a href="javascript:x">&', detail="d" * 500)))["tool"]["customdata"]
    assert '<b>&lt;a href="javascript:x"&gt;&amp;</b>' in words[0]
    assert len(words[0]) < 250


def test_offsets_are_minutes_and_seconds_unless_a_clock_can_not_show_them() -> None:
    assert drawn(stage("llm", 0, 4000))["layout"]["xaxis"]["tickformatstops"][1]["value"] == "%M:%S"
    assert drawn(stage("llm", 0, 4e6))["layout"]["xaxis"]["tickformatstops"][1]["value"] == "%H:%M:%S"
    before = drawn(stage("llm", -5000, 4000))["layout"]["xaxis"]
    assert (before["type"], before["range"][0]) == ("linear", -5000)
    assert drawn(stage("llm", 0, 1e9))["layout"]["xaxis"]["type"] == "linear"


def test_without_stages_nothing_is_drawn() -> None:
    assert drawn()["data"] == []
