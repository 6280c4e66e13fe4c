"""Calls in and out."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from flask import Blueprint, Response, request

from app.api.body import read_body
from app.api.describe import (
    INTEGER,
    LIST_FILTERS,
    MAYBE_TEXT,
    TEXT,
    Parameter,
    endpoint,
    json_answer,
    listing,
    obj,
    whole_number,
)
from app.api.errors import ApiError
from app.api.notes import notes_shown
from app.services import services
from data.models import CALL_COLUMNS, CallEvent
from data.queries.listing import Position, count_calls, newest_calls
from data.sources.cdr import Reading, Rejected, json_schema, read
from data.times import BEGINNING, now_micros, to_iso
from data.traces.reading import call_trace

blueprint = Blueprint("calls", __name__)

MOST_CALLS = 10_000
_REASONS_SHOWN = 100
_HIDDEN = frozenset({"id", "revision", "caller_hash", "stamps"})
_SHOWN = [name for name in CALL_COLUMNS if name not in _HIDDEN]
_TIMES = frozenset({"started_at", "queued_at", "answered_at", "ended_at", "updated_at"})
_CALL = {"type": "object", "additionalProperties": True, "required": ["source", "call_id", "started_at", "status"]}


@endpoint(
    blueprint,
    "POST",
    "/api/calls",
    "Take in one call or a list (at most 10,000); answered once it is durable",
    body={"oneOf": [json_schema(), listing(json_schema())]},
    answer=obj(
        accepted=INTEGER,
        updated=INTEGER,
        duplicate=INTEGER,
        rejected=INTEGER,
        reasons=listing(obj(index=INTEGER, call_id=MAYBE_TEXT, reason=TEXT)),
    ),
    status=201,
    errors=(400, 413, 503, 507),
)
def post_calls() -> Response:
    parts = services()
    records = _body()
    zone = ZoneInfo("UTC")
    reading = Reading(hash_caller=parts.hash_caller, now=now_micros(), zone=zone)
    events: list[CallEvent] = []
    reasons: list[dict[str, Any]] = []
    for index, one in enumerate(records):
        try:
            events.append(read(one, reading))
        except Rejected as error:
            call_id = one.get("call_id") if isinstance(one, dict) else None
            reasons.append(
                {"index": index, "call_id": call_id if isinstance(call_id, str) else None, "reason": str(error)}
            )
    parts.metrics.ingest_events.labels("rejected").inc(len(reasons))
    if reasons and not events:
        raise ApiError(400, "invalid_call", f"{reasons[0]['reason']} (call {reasons[0]['index']} of {len(records)})")
    counts = {"accepted": 0, "updated": 0, "duplicate": 0, "rejected": len(reasons)}
    for applied in parts.ingest.write(events) if events else ():
        counts[applied.outcome.value] += 1
    return json_answer(counts | {"reasons": reasons[:_REASONS_SHOWN]}, 201)


def _body() -> list[Any]:
    """The posted call or calls as a list."""
    content = read_body()
    try:
        parsed = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "invalid_json", f"The body is not JSON: {error}") from None
    records = parsed if isinstance(parsed, list) else [parsed]
    if len(records) > MOST_CALLS:
        raise ApiError(413, "too_large", f"A list holds at most {MOST_CALLS} calls, this one {len(records)}.")
    return records


@endpoint(
    blueprint,
    "GET",
    "/api/calls",
    "Calls of a filter, newest first",
    parameters=[
        *LIST_FILTERS,
        Parameter("limit", "Calls a page, 1 to 1000.", INTEGER | {"default": 100}),
        Parameter("cursor", "`next_cursor` of the page before."),
    ],
    answer=obj(calls=listing(_CALL), next_cursor=MAYBE_TEXT, total=INTEGER),
    errors=(400, 503),
)
def list_calls() -> Response:
    parts = services()
    limit = whole_number("limit", 100, 1, 1000)
    chosen = parts.parse(request.args, default_from=BEGINNING).filter
    after = _position(request.args.get("cursor"))
    # One more than asked for tells whether a page follows.
    page = newest_calls(parts.copy, chosen, limit=limit + 1, after=after)
    ids = [int(i) for i in page["id"][:limit]]
    following = _cursor(page["started_at"][limit - 1], ids[-1]) if len(page) > limit else None
    found = [presented(row) for row in parts.record.calls_by_id(ids)]
    return json_answer({"calls": found, "next_cursor": following, "total": count_calls(parts.copy, chosen)})


@endpoint(
    blueprint,
    "GET",
    "/api/calls/<call_key:source>/<call_key:call_id>",
    "One call with its transcript, its notes, what its platform sent last, and its trace: where its time went, as told "
    "with it and by spans",
    parameters=[Parameter("source", "The call's source.", where="path"), Parameter("call_id", "Its id.", where="path")],
    answer=_CALL,
    errors=(404, 503),
)
def get_call(source: str, call_id: str) -> Response:
    parts = services()
    row = parts.record.call(source, call_id)
    if row is None:
        raise ApiError(404, "not_found", f"There is no call {call_id!r} of source {source!r}.")
    trace = call_trace(row["trace"], parts.spans.of_call(source, call_id), row["started_at"])
    payload = orjson.loads(row["payload"]) if row["payload"] else None
    beside = {"transcript": row["transcript"], "trace": trace, "payload": payload}
    beside["notes"] = notes_shown(parts.record, row["id"])
    return json_answer(presented(row) | beside)


def presented(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the record as it is shown: every column, unknown as null, times in ISO-8601."""
    shown = {name: row.get(name) for name in _SHOWN}
    return shown | {name: to_iso(row.get(name)) for name in _TIMES}


def _cursor(started_at: int, row_id: int) -> str:
    return base64.urlsafe_b64encode(f"{started_at}:{row_id}".encode()).decode().rstrip("=")


def _position(cursor: str | None) -> Position | None:
    if not cursor:
        return None
    try:
        started_at, row_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").split(":")
        position = Position(int(started_at), int(row_id))
    except (ValueError, binascii.Error):
        raise ApiError(400, "bad_parameter", "cursor: take it from `next_cursor` of the page before") from None
    if not (0 <= position.started_at < 2**62 and 0 <= position.id < 2**62):
        raise ApiError(400, "bad_parameter", "cursor: take it from `next_cursor` of the page before")
    return position
