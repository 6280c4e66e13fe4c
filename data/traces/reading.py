"""The trace of a call as it is shown: what was told with the call and what came by OTLP, as one list in start order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

_TOLD = frozenset({"stage", "name", "start_ms", "duration_ms", "status", "turn", "detail"})


def call_trace(told: str | None, spans: Iterable[Mapping[str, Any]], started_at: int) -> list[dict[str, Any]]:
    """Stages of a call that began at `started_at` (UTC microseconds); times in ms after that, unknown fields left out.

    `told` is the JSON that is kept beside the call, `spans` are rows of the table.
    """
    stages = [_of_told(stage) for stage in orjson.loads(told or "[]")]
    stages += [_of_span(span, started_at) for span in spans]
    return sorted(stages, key=lambda stage: (stage["start_ms"], -stage["duration_ms"]))


def _of_told(stage: dict[str, Any]) -> dict[str, Any]:
    more = {name: value for name, value in stage.items() if name not in _TOLD}
    shown = {"name": stage["stage"], "status": None, **{k: v for k, v in stage.items() if k in _TOLD}}
    return shown | ({"attributes": more} if more else {})


def _of_span(span: Mapping[str, Any], started_at: int) -> dict[str, Any]:
    shown = {
        "stage": span["stage"],
        "name": span["name"],
        "start_ms": (span["started_at"] - started_at) / 1000,
        "duration_ms": span["duration_ms"],
        "status": span["status"],
        "trace_id": span["trace_id"],
        "span_id": span["span_id"],
    }
    optional = {"parent_id": span["parent_id"], "detail": span["detail"], "attributes": span["attributes"]}
    found = shown | {name: value for name, value in optional.items() if value is not None}
    return found | ({"attributes": orjson.loads(found["attributes"])} if "attributes" in found else {})
