"""Bland's call object, which its webhook sends after a call (docs.bland.ai/api-v1/get/calls-id)."""

from __future__ import annotations

from typing import Any

from data.models import Direction, EndReasonGroup, Status
from data.sources.cdr import Reading
from data.sources.told import Told
from data.sources.values import Payload, flag, instant, items, money, number, text, turns

_MISSED = frozenset({"busy", "no-answer", "no_answer", "canceled"})
_FAILED = frozenset({"failed", "error", "call_error", "complete_error", "queue_error"})
_ENDED_BY = {"user": EndReasonGroup.CUSTOMER, "assistant": EndReasonGroup.AGENT}


def told(payload: Payload, reading: Reading) -> Told | None:
    """What the call object says. Lengths: `call_length` is minutes, `corrected_duration` seconds."""
    inbound = flag(payload.get("inbound"))
    status = _status(payload)
    started, ended = instant(payload.get("started_at")), instant(payload.get("end_at"))
    length = number(payload.get("corrected_duration"))
    reason = text(payload.get("error_message") or payload.get("call_ended_by") or payload.get("status"))
    answered = status in (Status.SUCCESS, Status.VOICEMAIL)
    fields: dict[str, Any] = {
        "call_id": text(payload.get("call_id") or payload.get("c_id")),
        "updated_at": ended or started or instant(payload.get("created_at")),
        "direction": None if inbound is None else Direction.INBOUND if inbound else Direction.OUTBOUND,
        "agent": text(payload.get("pathway_id") or payload.get("persona_id")),
        "caller": text(payload.get("to" if inbound is False else "from"), 100),
        "started_at": started or instant(payload.get("created_at")),
        "status": status,
        "cost": money(payload.get("price")),
        "currency": "USD",
        "tags": [tag] if (tag := text(payload.get("disposition_tag"), 100)) else None,
        "metadata": {
            "recording_url": payload.get("recording_url"),
            "summary": payload.get("summary"),
            "analysis": payload.get("analysis"),
            "variables": payload.get("variables"),
            "platform_metadata": payload.get("metadata"),
        },
    }
    if status == Status.IN_PROGRESS:
        return Told(fields)
    spoken = items(payload, "transcripts")
    return Told(
        fields
        | {
            "answered_at": started if answered else None,
            "ended_at": ended,
            "duration_seconds": (length if length is not None else number(payload.get("call_length"), 60))
            if answered
            else None,
            "end_reason": reason,
            "end_reason_group": _group(payload, status),
            "transferred": True if payload.get("transferred_to") else None,
            "turns": sum(one.get("user") == "user" for one in spoken) if spoken else None,
            "transcript": turns(spoken, text_key="text") or payload.get("concatenated_transcript"),
        }
    )


def _status(payload: Payload) -> Status:
    said = str(payload.get("status") or payload.get("queue_status") or "").lower()
    if payload.get("answered_by") == "voicemail":
        return Status.VOICEMAIL
    if said in _MISSED or payload.get("answered_by") == "no-answer":
        return Status.MISSED
    if payload.get("error_message") or said in _FAILED:
        return Status.ERROR
    over = flag(payload.get("completed")) or said in ("completed", "complete") or payload.get("end_at")
    return Status.SUCCESS if over else Status.IN_PROGRESS


def _group(payload: Payload, status: Status) -> EndReasonGroup:
    if status == Status.VOICEMAIL:
        return EndReasonGroup.VOICEMAIL
    if status == Status.ERROR:
        return EndReasonGroup.PLATFORM_ERROR
    if payload.get("transferred_to"):
        return EndReasonGroup.TRANSFER
    if status == Status.MISSED:
        return EndReasonGroup.TELEPHONY
    return _ENDED_BY.get(str(payload.get("call_ended_by")).lower(), EndReasonGroup.UNKNOWN)
