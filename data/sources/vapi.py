"""Vapi's server messages: end-of-call-report and status-update (docs.vapi.ai/server-url/events)."""

from __future__ import annotations

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
    money,
    number,
    part,
    text,
    turns,
    whole,
)

_GROUPS: Groups = (
    ("*-forwarded*", EndReasonGroup.TRANSFER),
    ("*forwarded-call", EndReasonGroup.TRANSFER),
    ("customer-*", EndReasonGroup.CUSTOMER),
    ("silence-timed-out", EndReasonGroup.NO_INPUT),
    ("voicemail", EndReasonGroup.VOICEMAIL),
    ("exceeded-max-duration", EndReasonGroup.LIMIT),
    ("twilio-*", EndReasonGroup.TELEPHONY),
    ("vonage-*", EndReasonGroup.TELEPHONY),
    ("*sip-*", EndReasonGroup.TELEPHONY),
    ("phone-call-provider-*", EndReasonGroup.TELEPHONY),
    ("pipeline-*", EndReasonGroup.PLATFORM_ERROR),
    ("call.start.*", EndReasonGroup.PLATFORM_ERROR),
    ("call.in-progress.error-*", EndReasonGroup.PLATFORM_ERROR),
    ("*error*", EndReasonGroup.PLATFORM_ERROR),
    ("assistant-not-*", EndReasonGroup.PLATFORM_ERROR),
    ("assistant-request-*", EndReasonGroup.PLATFORM_ERROR),
    ("assistant-join-timed-out", EndReasonGroup.PLATFORM_ERROR),
    ("no-server-available", EndReasonGroup.PLATFORM_ERROR),
    ("worker-shutdown", EndReasonGroup.PLATFORM_ERROR),
    ("assistant-*", EndReasonGroup.AGENT),
)
_MISSED = frozenset({"customer-busy", "customer-did-not-answer"})
_FAILED = frozenset({EndReasonGroup.TELEPHONY, EndReasonGroup.PLATFORM_ERROR})
_DIRECTIONS = {
    "inboundPhoneCall": Direction.INBOUND,
    "outboundPhoneCall": Direction.OUTBOUND,
    "webCall": Direction.WEB,
}
#: Part of the cost -> its name in `costBreakdown`, and the type of an entry of `costs`.
_COSTS = {
    "cost_telephony": ("transport", "transport"),
    "cost_stt": ("stt", "transcriber"),
    "cost_llm": ("llm", "model"),
    "cost_tts": ("tts", "voice"),
    "cost_platform": ("vapi", "vapi"),
}
_LATENCIES = {
    "latency_ms": "turnLatencyAverage",
    "latency_stt_ms": "transcriberLatencyAverage",
    "latency_llm_ms": "modelLatencyAverage",
    "latency_tts_ms": "voiceLatencyAverage",
}


def told(payload: Payload, reading: Reading) -> Told | None:
    """What a message says; None where its type is about no start or end of a call."""
    message = part(payload, "message")
    kind = part(message, "type")
    if kind == "end-of-call-report":
        return Told(_common(message) | _end(message))
    if kind == "status-update" and part(message, "status") == "in-progress":
        return Told(_common(message) | {"status": Status.IN_PROGRESS})
    return None if kind else Told({})


def _common(message: Payload) -> dict[str, Any]:
    call = mapping(message, "call")
    customer = part(call, "customer", "number") or part(message, "customer", "number")
    return {
        "call_id": text(part(call, "id")),
        "updated_at": instant(message.get("timestamp")) or instant(message.get("endedAt")),
        "started_at": instant(message.get("startedAt")) or instant(part(call, "startedAt") or part(call, "createdAt")),
        "direction": _DIRECTIONS.get(part(call, "type")),
        "agent": text(part(message, "assistant", "name") or part(call, "assistant", "name") or call.get("assistantId")),
        "caller": text(customer, 100),
    }


def _end(message: Payload) -> dict[str, Any]:
    artifact, analysis = mapping(message, "artifact"), mapping(message, "analysis")
    reason = text(message.get("endedReason"))
    group = group_of(reason, _GROUPS)
    status = _status(reason, group)
    messages = items(artifact, "messages") or items(message, "messages")
    performance = part(artifact, "performanceMetrics")
    return {
        "status": status,
        "answered_at": instant(message.get("startedAt")) if status != Status.MISSED else None,
        "ended_at": instant(message.get("endedAt")) or instant(message.get("timestamp")),
        "end_reason": reason,
        "end_reason_group": group,
        "transferred": True if group == EndReasonGroup.TRANSFER or items(artifact, "transfers") else None,
        "success_evaluation": text(analysis.get("successEvaluation")),
        **_costs(message),
        **{field: number(part(performance, name)) for field, name in _LATENCIES.items()},
        "turns": sum(one.get("role") == "user" for one in messages) if messages else None,
        "user_interruptions": whole(part(performance, "numUserInterrupted")),
        "agent_interruptions": whole(part(performance, "numAssistantInterrupted")),
        "transcript": turns(messages, text_key="message", seconds="secondsFromStart")
        or artifact.get("transcript")
        or message.get("transcript"),
        "metadata": {
            "recording_url": artifact.get("recordingUrl") or message.get("recordingUrl"),
            "summary": analysis.get("summary") or message.get("summary"),
            "structured_data": analysis.get("structuredData"),
        },
    }


def _status(reason: str | None, group: EndReasonGroup | None) -> Status:
    if reason in _MISSED:
        return Status.MISSED
    if group == EndReasonGroup.VOICEMAIL:
        return Status.VOICEMAIL
    if group in _FAILED and "completed" not in str(reason):
        return Status.ERROR
    return Status.SUCCESS


def _costs(message: Payload) -> dict[str, Any]:
    """US dollars, whole and in parts."""
    call, costs = part(message, "call"), items(message, "costs")
    breakdown = part(message, "costBreakdown") or part(call, "costBreakdown")
    found: dict[str, Any] = {}
    for field, (name, kind) in _COSTS.items():
        listed = [money(one.get("cost")) for one in costs if one.get("type") == kind]
        known = [cost for cost in listed if cost is not None]
        found[field] = sum(known) if known else money(part(breakdown, name))
    whole_cost = next(
        (c for c in (message.get("cost"), part(call, "cost"), part(breakdown, "total")) if c is not None), None
    )
    return found | {"cost": money(whole_cost), "currency": "USD"}
