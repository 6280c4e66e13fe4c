"""ElevenLabs' post-call webhooks (elevenlabs.io/docs, agents platform)."""

from __future__ import annotations

from statistics import fmean
from typing import Any

from data.models import Direction, EndReasonGroup, Status
from data.sources.cdr import Reading
from data.sources.told import Told
from data.sources.values import (
    Groups,
    Payload,
    group_of,
    instant,
    items,
    mapping,
    micros,
    number,
    part,
    text,
    turns,
)

_GROUPS: Groups = (
    ("*voicemail*", EndReasonGroup.VOICEMAIL),
    ("*transfer*", EndReasonGroup.TRANSFER),
    ("*silence*", EndReasonGroup.NO_INPUT),
    ("*inactiv*", EndReasonGroup.NO_INPUT),
    ("*duration*", EndReasonGroup.LIMIT),
    ("*limit*", EndReasonGroup.LIMIT),
    ("*error*", EndReasonGroup.PLATFORM_ERROR),
    ("*fail*", EndReasonGroup.PLATFORM_ERROR),
    ("*client*", EndReasonGroup.CUSTOMER),
    ("*user*", EndReasonGroup.CUSTOMER),
    ("*remote party*", EndReasonGroup.CUSTOMER),
    ("*end_call*", EndReasonGroup.AGENT),
    ("*agent*", EndReasonGroup.AGENT),
)
_STATUS = {"done": Status.SUCCESS, "failed": Status.ERROR}
_MISSED = frozenset({"busy", "no-answer", "no_answer"})


def told(payload: Payload, reading: Reading) -> Told | None:
    """What a message says; None for audio and whatever else is no account of a call."""
    kind, data = payload.get("type"), mapping(payload, "data")
    updated_at = instant(payload.get("event_timestamp"))
    if kind == "post_call_transcription":
        return Told(_call(data) | {"updated_at": updated_at})
    if kind == "call_initiation_failure":
        reason = text(data.get("failure_reason"))
        missed = reason in _MISSED
        return Told(
            {
                "call_id": text(data.get("conversation_id")),
                "updated_at": updated_at,
                "agent": text(data.get("agent_name") or data.get("agent_id")),
                "direction": Direction.OUTBOUND,
                "status": Status.MISSED if missed else Status.ERROR,
                "ended_at": updated_at,
                "end_reason": reason,
                "end_reason_group": EndReasonGroup.TELEPHONY,
            }
        )
    return None if kind else Told({})


def _call(data: Payload) -> dict[str, Any]:
    metadata, phone = mapping(data, "metadata"), part(data, "metadata", "phone_call")
    started, seconds = micros(metadata.get("start_time_unix_secs")), number(metadata.get("call_duration_secs"))
    status = _STATUS.get(str(data.get("status")), Status.IN_PROGRESS)
    reason = text(metadata.get("termination_reason"))
    group = group_of(reason.lower() if reason else None, _GROUPS)
    spoken = items(data, "transcript")
    ended = started + round(seconds * 1_000_000) if started is not None and seconds is not None else None
    if status == Status.SUCCESS and group == EndReasonGroup.VOICEMAIL:
        status = Status.VOICEMAIL
    over = status != Status.IN_PROGRESS
    return {
        "call_id": text(data.get("conversation_id")),
        "agent": text(data.get("agent_name") or data.get("agent_id")),
        "direction": text(part(phone, "direction"), 10) if phone else Direction.WEB,
        "caller": text(part(phone, "external_number"), 100),
        "started_at": started,
        "answered_at": started,
        "ended_at": ended if over else None,
        "duration_seconds": seconds if over else None,
        "status": status,
        "end_reason": reason,
        "end_reason_group": group,
        "transferred": True if group == EndReasonGroup.TRANSFER else None,
        "success_evaluation": text(part(data, "analysis", "call_successful")),
        "latency_llm_ms": _llm_latency(spoken),
        "turns": sum(one.get("role") == "user" for one in spoken) if spoken else None,
        "transcript": turns(spoken, text_key="message", seconds="time_in_call_secs"),
        "metadata": {
            # What the platform counts; no money.
            "credits": number(metadata.get("cost")),
            "summary": part(data, "analysis", "transcript_summary"),
            "evaluation": part(data, "analysis", "evaluation_criteria_results"),
        },
    }


def _llm_latency(spoken: list[Payload]) -> float | None:
    """Milliseconds until the model's first word, the mean of the turns; it is told in seconds."""
    path = ("conversation_turn_metrics", "metrics", "convai_llm_service_ttfb", "elapsed_time")
    direct = (path[0], *path[2:])
    found = [number(part(one, *path) or part(one, *direct), 1_000) for one in spoken]
    known = [value for value in found if value is not None]
    return fmean(known) if known else None
