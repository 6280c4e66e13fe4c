"""Retell's webhook: call_started, call_ended, call_analyzed (docs.retellai.com/features/webhook-overview).

Its messages carry no time of their own: one that comes later in a call's life counts as newer.
"""

from __future__ import annotations

from typing import Any

from data.models import Direction, EndReasonGroup, Status
from data.sources.cdr import Reading
from data.sources.told import Told
from data.sources.values import (
    Groups,
    Payload,
    flag,
    group_of,
    instant,
    items,
    mapping,
    micros,
    money,
    number,
    part,
    text,
    turns,
)

_GROUPS: Groups = (
    ("user_hangup", EndReasonGroup.CUSTOMER),
    ("user_declined", EndReasonGroup.CUSTOMER),
    ("agent_hangup", EndReasonGroup.AGENT),
    ("call_transfer", EndReasonGroup.TRANSFER),
    ("transfer_*", EndReasonGroup.TRANSFER),
    ("voicemail_reached", EndReasonGroup.VOICEMAIL),
    ("ivr_reached", EndReasonGroup.VOICEMAIL),
    ("inactivity", EndReasonGroup.NO_INPUT),
    ("*_limit_reached", EndReasonGroup.LIMIT),
    ("max_duration_reached", EndReasonGroup.LIMIT),
    ("no_valid_payment", EndReasonGroup.LIMIT),
    ("dial_*", EndReasonGroup.TELEPHONY),
    ("invalid_destination", EndReasonGroup.TELEPHONY),
    ("telephony_*", EndReasonGroup.TELEPHONY),
    ("sip_*", EndReasonGroup.TELEPHONY),
    ("marked_as_spam", EndReasonGroup.TELEPHONY),
    ("error_user_not_joined", EndReasonGroup.CUSTOMER),
    ("error_*", EndReasonGroup.PLATFORM_ERROR),
)
_MISSED = frozenset(
    {"dial_busy", "dial_no_answer", "user_declined", "error_user_not_joined", "registered_call_timeout"}
)
_FAILED = frozenset({EndReasonGroup.TELEPHONY, EndReasonGroup.PLATFORM_ERROR})
_OVER = frozenset({"not_connected", "ended", "error"})
_AFTER_END = {"call_analyzed": 1_000}
_LATENCIES = {
    "latency_ms": "e2e",
    "latency_stt_ms": "asr",
    "latency_llm_ms": "llm",
    "latency_tts_ms": "tts",
    "latency_network_ms": "llm_websocket_network_rtt",
}
_CENT = 0.01


def told(payload: Payload, reading: Reading) -> Told | None:
    """What a message says."""
    call = mapping(payload, "call")
    started, ended = micros(call.get("start_timestamp")), micros(call.get("end_timestamp"))
    is_over = call.get("call_status") in _OVER
    last = ended if ended is not None and is_over else started
    if last is not None:
        last += _AFTER_END.get(str(part(payload, "event")), 0)
    direction = Direction.WEB if call.get("call_type") == "web_call" else text(call.get("direction"), 10)
    fields = {
        "call_id": text(call.get("call_id")),
        "updated_at": last,
        "direction": direction,
        "agent": text(call.get("agent_name") or call.get("agent_id")),
        "agent_version": text(call.get("agent_version"), 100),
        "caller": text(call.get("to_number" if direction == Direction.OUTBOUND else "from_number"), 100),
        "started_at": instant(call.get("start_timestamp")),
        "status": None if is_over else Status.IN_PROGRESS,
    }
    return Told(fields | _end(call) if is_over else fields)


def _end(call: Payload) -> dict[str, Any]:
    reason = text(call.get("disconnection_reason"))
    group = group_of(reason, _GROUPS)
    analysis = mapping(call, "call_analysis")
    connected = call.get("call_status") != "not_connected" and reason not in _MISSED
    return {
        "status": _status(call, reason, group),
        "answered_at": instant(call.get("start_timestamp")) if connected else None,
        "ended_at": instant(call.get("end_timestamp")),
        "duration_seconds": number(call.get("duration_ms"), 0.001) if connected else None,
        "end_reason": reason,
        "end_reason_group": group,
        "transferred": True if group == EndReasonGroup.TRANSFER else None,
        "sentiment": text(analysis.get("user_sentiment"), 40),
        "success_evaluation": text(analysis.get("call_successful")),
        **_costs(call),
        **{field: _mean(part(call, "latency", name)) for field, name in _LATENCIES.items()},
        "turns": sum(one.get("role") == "user" for one in items(call, "transcript_object")) or None,
        "transcript": turns(items(call, "transcript_object"), text_key="content") or call.get("transcript") or None,
        "metadata": {
            "recording_url": call.get("recording_url"),
            "summary": analysis.get("call_summary"),
            "analysis": analysis.get("custom_analysis_data"),
            "platform_metadata": call.get("metadata"),
        },
    }


def _status(call: Payload, reason: str | None, group: EndReasonGroup | None) -> Status:
    if reason in _MISSED:
        return Status.MISSED
    if call.get("call_status") == "error" or group in _FAILED:
        return Status.ERROR
    if group == EndReasonGroup.VOICEMAIL or flag(part(call, "call_analysis", "in_voicemail")):
        return Status.VOICEMAIL
    return Status.MISSED if call.get("call_status") == "not_connected" else Status.SUCCESS


def _mean(latency: Any) -> float | None:
    """Milliseconds: the mean where all values are told, else the median."""
    values = [v for v in map(number, part(latency, "values") or ()) if v is not None]
    return sum(values) / len(values) if values else number(part(latency, "p50"))


def _costs(call: Payload) -> dict[str, Any]:
    """Retell counts in cents."""
    parts: dict[str, float] = {}
    for one in items(call, "call_cost", "product_costs"):
        cost = money(one.get("cost"), _CENT)
        if cost is not None:
            field = _cost_field(str(one.get("product", "")).lower())
            parts[field] = round(parts.get(field, 0.0) + cost, 10)
    return parts | {"cost": money(part(call, "call_cost", "combined_cost"), _CENT), "currency": "USD"}


def _cost_field(product: str) -> str:
    for words, field in (
        (("tts", "voice_engine", "elevenlabs", "cartesia"), "cost_tts"),
        (("telephony", "twilio", "sip"), "cost_telephony"),
        (("gpt", "claude", "gemini", "llm"), "cost_llm"),
        (("asr", "stt", "transcri"), "cost_stt"),
    ):
        if any(word in product for word in words):
            return field
    return "cost_platform"
