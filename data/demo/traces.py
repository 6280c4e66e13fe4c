"""Where the time of a demo call went, turn by turn. It follows from the call alone: no other figure moves."""

from __future__ import annotations

from random import Random
from typing import Any

import orjson

from data.models import CallEvent

_MILLISECOND = 1000
_MOST_TURNS = 60
_TOOLS = ("look_up_customer", "check_calendar", "create_ticket", "get_invoice")
#: Means in ms where the call tells none.
_USUAL = {"network": 75.0, "stt": 150.0, "llm": 420.0, "tts": 155.0}
#: The stage that an end reason blames.
_BLAMED = {
    "pipeline-error-llm-timeout": "llm",
    "pipeline-error-transcriber-failed": "stt",
    "pipeline-error-voice-failed": "tts",
    "call.in-progress.error-sip-media-lost": "network",
}


def with_trace(call: CallEvent) -> CallEvent:
    """The finished call with its `trace`; a call that nobody answered has none."""
    if "duration_seconds" not in call:
        return call
    dice = Random(call["call_id"])
    talk = call["duration_seconds"] * 1000
    first = (call["answered_at"] - call["started_at"]) / _MILLISECOND
    turns = min(call.get("turns") or max(1, round(talk / 9000)), _MOST_TURNS)
    stages: list[dict[str, Any]] = []
    for turn in range(1, turns + 1):
        _turn(stages, dice, call, turn, first + talk * (turn - 1) / turns, talk / turns)
    _blame(stages, call.get("end_reason", ""))
    return {**call, "trace": orjson.dumps(stages).decode()}


def _turn(stages: list[dict[str, Any]], dice: Random, call: CallEvent, turn: int, start: float, length: float) -> None:
    """The caller speaks, the stages of the answer follow each other, the agent speaks until the turn is over."""
    kinds = ["network", "stt", "llm", *(["tool", "llm"] if dice.random() < 0.15 else []), "tts"]
    took = [(kind, _took(dice, call, kind)) for kind in kinds]
    # A short turn has room only for hurried stages.
    hurry = min(1.0, 0.8 * length / sum(ms for _, ms in took))
    at = start + (length - hurry * sum(ms for _, ms in took)) * dice.uniform(0.3, 0.7)
    stages.append(_stage("turn", start, length, turn))
    for kind, ms in took:
        stages.append(_stage(kind, at, ms * hurry, turn))
        if kind == "tool":
            stages[-1]["name"] = dice.choice(_TOOLS)
        at += ms * hurry


def _took(dice: Random, call: CallEvent, kind: str) -> float:
    if kind == "tool":
        return dice.lognormvariate(5.8, 0.5)
    told: Any = call.get(f"latency_{kind}_ms")
    return float(told or _USUAL[kind]) * dice.lognormvariate(-0.03, 0.25)


def _stage(kind: str, start: float, length: float, turn: int) -> dict[str, Any]:
    return {"stage": kind, "start_ms": round(start, 1), "duration_ms": round(length, 1), "turn": turn}


def _blame(stages: list[dict[str, Any]], reason: str) -> None:
    blamed = _BLAMED.get(reason)
    last = next((stage for stage in reversed(stages) if stage["stage"] == blamed), None)
    if last is not None:
        last |= {"status": "error", "detail": reason}
