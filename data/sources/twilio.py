"""Twilio's status callbacks (a form) and its Call resource (JSON) (twilio.com/docs/voice/api/call-resource).

`CallDuration` and the resource's `duration` are seconds, the callback's `Duration` is billed minutes. Callbacks may
come out of order: `SequenceNumber` orders those of one second.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from data.models import Direction, EndReasonGroup, Status
from data.sources.cdr import Reading, Rejected
from data.sources.told import Told
from data.sources.values import Payload, instant, money, number, text, whole
from data.times import SECOND, from_datetime

_RUNNING = frozenset({"queued", "initiated", "ringing", "in-progress"})
_ENDED = {
    "completed": (Status.SUCCESS, None),
    "busy": (Status.MISSED, EndReasonGroup.TELEPHONY),
    "no-answer": (Status.MISSED, EndReasonGroup.TELEPHONY),
    "failed": (Status.ERROR, EndReasonGroup.TELEPHONY),
    "canceled": (Status.MISSED, EndReasonGroup.UNKNOWN),
}


def told(payload: Payload, reading: Reading) -> Told | None:
    """What a callback, or a call as the API lists it, says."""
    return _resource(payload) if "sid" in payload else _callback(payload)


def _callback(payload: Payload) -> Told:
    at = _micros(payload.get("Timestamp"))
    if at is None:
        raise Rejected("Timestamp: required")
    updated_at = at + (whole(payload.get("SequenceNumber")) or 0)
    said = str(payload.get("CallStatus"))
    if payload.get("ParentCallSid"):
        # A leg that the call dialled: it is no call of its own.
        leg = {name: payload.get(name) for name in ("To", "CallStatus", "CallDuration")}
        leg["To"] = None if leg["To"] is None else str(leg["To"])[-2:]
        metadata = {f"leg {payload.get('CallSid')}": leg}
        child = {"call_id": text(payload["ParentCallSid"]), "updated_at": updated_at, "transferred": True}
        return Told(child | {"metadata": metadata})
    direction = _direction(payload.get("Direction"))
    fields: dict[str, Any] = {
        "call_id": text(payload.get("CallSid")),
        "updated_at": updated_at,
        "direction": direction,
        "caller": text(payload.get("From" if direction != Direction.OUTBOUND else "To"), 100),
    }
    if said in _RUNNING:
        # The first callback of a call tells its start.
        name = "answered_at" if said == "in-progress" else "started_at"
        return Told(fields | {"status": Status.IN_PROGRESS, name: at}, {name: -at})
    if said not in _ENDED:
        raise Rejected(f"CallStatus: {said[:40]!r} is none of Twilio's")
    seconds = number(payload.get("CallDuration"))
    stamps: dict[str, int] = {}
    if seconds and said == "completed":
        answered = at - round(seconds * SECOND)
        # Exact to a second only: what the callback of the answer says stands above it.
        fields |= {"answered_at": answered, "duration_seconds": seconds}
        stamps["answered_at"] = -at
    recording = {"recording_url": payload.get("RecordingUrl"), "sip_response_code": payload.get("SipResponseCode")}
    ending = _ending(said, direction, payload.get("AnsweredBy"))
    return Told(fields | ending | {"ended_at": at, "metadata": recording}, stamps)


def _resource(payload: Payload) -> Told:
    said, direction = str(payload.get("status")), _direction(payload.get("direction"))
    started, ended = instant(payload.get("start_time")), instant(payload.get("end_time"))
    fields: dict[str, Any] = {
        "call_id": text(payload.get("parent_call_sid") or payload.get("sid")),
        "updated_at": instant(payload.get("date_updated")) or ended or started or instant(payload.get("date_created")),
    }
    if payload.get("parent_call_sid"):
        return Told(fields | {"transferred": True})
    fields |= {
        "direction": direction,
        "caller": text(payload.get("from" if direction != Direction.OUTBOUND else "to"), 100),
        "started_at": started or instant(payload.get("date_created")),
        # Null until it is rated.
        "cost": money(payload.get("price")),
        "currency": text(payload.get("price_unit"), 3),
    }
    if said not in _ENDED:
        return Told(fields | {"status": Status.IN_PROGRESS})
    if said == "completed":
        fields |= {"answered_at": started, "duration_seconds": number(payload.get("duration"))}
    return Told(fields | _ending(said, direction, payload.get("answered_by")) | {"ended_at": ended})


def _ending(said: str, direction: Direction | None, answered_by: Any) -> dict[str, Any]:
    status, group = _ENDED[said]
    if said == "completed" and str(answered_by).startswith("machine"):
        status, group = Status.VOICEMAIL, EndReasonGroup.VOICEMAIL
    if said == "canceled" and direction == Direction.INBOUND:
        status, group = Status.ABANDONED, EndReasonGroup.CUSTOMER
    return {"status": status, "end_reason": said, "end_reason_group": group}


def _direction(said: Any) -> Direction | None:
    if said == "inbound":
        return Direction.INBOUND
    return Direction.OUTBOUND if str(said).startswith("outbound") else None


def _micros(value: Any) -> int | None:
    found = instant(value)
    if found is None or isinstance(found, int):
        return found
    try:
        return from_datetime(datetime.fromisoformat(found))
    except (ValueError, TypeError):
        raise Rejected(f"Timestamp: {found[:40]!r} is no time") from None
