"""LiveKit's webhooks (docs.livekit.io, livekit_webhook.proto): a call is put together from the events of its room.

Events may be lost, late, or come twice, so each says only what it knows by itself. Every one names the room and when it
was made, which is the call's id and start. Whether anybody answered is known by the agent's coming and leaving: a
room that ends without was abandoned, which is why that word counts as older than all others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data.models import Direction, EndReasonGroup, Status
from data.sources.cdr import Reading, Rejected
from data.sources.told import Told
from data.sources.values import Payload, mapping, micros, part, text

_KINDS = ("STANDARD", "INGRESS", "EGRESS", "SIP", "AGENT")
_REASONS = (
    "UNKNOWN_REASON", "CLIENT_INITIATED", "DUPLICATE_IDENTITY", "SERVER_SHUTDOWN", "PARTICIPANT_REMOVED",
    "ROOM_DELETED", "STATE_MISMATCH", "JOIN_FAILURE", "MIGRATION", "SIGNAL_CLOSE", "ROOM_CLOSED", "USER_UNAVAILABLE",
    "USER_REJECTED", "SIP_TRUNK_FAILURE", "CONNECTION_TIMEOUT", "MEDIA_FAILURE", "AGENT_ERROR",
)  # fmt: skip
#: How a caller's leaving ended the call: its group, and the status where it never was a conversation.
_LEFT: Mapping[str, tuple[EndReasonGroup, Status | None]] = {
    "CLIENT_INITIATED": (EndReasonGroup.CUSTOMER, None),
    "SIGNAL_CLOSE": (EndReasonGroup.CUSTOMER, None),
    "PARTICIPANT_REMOVED": (EndReasonGroup.AGENT, None),
    "ROOM_DELETED": (EndReasonGroup.AGENT, None),
    "ROOM_CLOSED": (EndReasonGroup.AGENT, None),
    "USER_UNAVAILABLE": (EndReasonGroup.TELEPHONY, Status.MISSED),
    "USER_REJECTED": (EndReasonGroup.CUSTOMER, Status.MISSED),
    "SIP_TRUNK_FAILURE": (EndReasonGroup.TELEPHONY, Status.ERROR),
    "JOIN_FAILURE": (EndReasonGroup.PLATFORM_ERROR, Status.ERROR),
    "MEDIA_FAILURE": (EndReasonGroup.PLATFORM_ERROR, Status.ERROR),
    "SERVER_SHUTDOWN": (EndReasonGroup.PLATFORM_ERROR, Status.ERROR),
    "AGENT_ERROR": (EndReasonGroup.PLATFORM_ERROR, Status.ERROR),
}
_GONE = ("participant_left", "participant_connection_aborted")


def told(payload: Payload, reading: Reading) -> Told | None:
    """What an event says; None for those of recordings and streams."""
    event, room = str(payload.get("event") or ""), mapping(payload, "room")
    if event.startswith(("egress_", "ingress_", "track_")):
        return None
    at = micros(payload.get("createdAt"))
    if at is None:
        raise Rejected("createdAt: required")
    started = micros(room.get("creationTime")) or (at if event == "room_started" else None)
    fields: dict[str, Any] = {"call_id": text(room.get("sid")), "updated_at": at, "started_at": started}
    fields["metadata"] = {"room": text(room.get("name"))}
    if event == "room_finished":
        # Negative: older than whatever participants tell of the same call.
        return Told(fields | {"ended_at": at, "status": Status.ABANDONED}, {"status": -1})
    if event == "agent_job_ended":
        return Told(fields | {"status": Status.SUCCESS}, {"status": 0})
    participant = part(payload, "participant")
    if event not in ("participant_joined", *_GONE) or participant is None:
        return Told(fields)
    if _is_agent(participant):
        return _agent(event, at, fields, participant)
    return _caller(event, at, fields, participant)


def _agent(event: str, at: int, fields: dict[str, Any], participant: Payload) -> Told:
    fields["agent"] = text(part(participant, "attributes", "lk.agent.name") or participant.get("name"))
    fields["agent"] = fields["agent"] or text(participant.get("identity"))
    if event in _GONE:
        return Told(fields | {"status": Status.SUCCESS}, {"status": 0, "agent": -at})
    # Of several agents the first one answered.
    return Told(fields | {"answered_at": at}, {"answered_at": -at, "agent": -at})


def _caller(event: str, at: int, fields: dict[str, Any], participant: Payload) -> Told:
    attributes = mapping(participant, "attributes")
    if _word(participant.get("kind"), _KINDS) != "SIP":
        # Somebody who listens in by browser does not make a phone call a web call.
        return Told(fields | {"direction": Direction.WEB}, {"direction": -1})
    fields |= {
        "direction": Direction.INBOUND if attributes.get("sip.ruleID") else Direction.OUTBOUND,
        "caller": text(attributes.get("sip.phoneNumber"), 100),
    }
    if event in _GONE:
        reason = _word(participant.get("disconnectReason"), _REASONS)
        group, status = _LEFT.get(reason, (EndReasonGroup.UNKNOWN, None))
        fields |= {"end_reason": reason.lower(), "end_reason_group": group, "status": status}
    return Told(fields)


def _is_agent(participant: Payload) -> bool:
    return _word(participant.get("kind"), _KINDS) == "AGENT" or str(participant.get("identity")).startswith("agent-")


def _word(value: Any, words: Sequence[str]) -> str:
    """An enum by number or by name; its first word where it is left out, as protobuf's JSON does."""
    if isinstance(value, int) and not isinstance(value, bool):
        return words[value] if 0 <= value < len(words) else words[0]
    return str(value) if value else words[0]
