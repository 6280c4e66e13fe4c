"""Amazon Connect's contact records (docs.aws.amazon.com/connect, contact records data model).

Each transfer is a contact of its own that names the initial one: together they are one call. The initial contact tells
its beginning, the last one its end. A contact is told again when more of it is known (`LastUpdateTimestamp`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from data.models import Direction, EndReasonGroup, Status
from data.sources.bodies import concatenated, unbase64
from data.sources.cdr import Reading, Rejected
from data.sources.told import Told
from data.sources.values import Groups, Payload, group_of, instant, items, mapping, number, part, text
from data.times import SECOND, from_datetime

_OUTBOUND = frozenset({"OUTBOUND", "CALLBACK", "API", "EXTERNAL_OUTBOUND"})
_GROUPS: Groups = (
    ("CUSTOMER_*", EndReasonGroup.CUSTOMER),
    ("AGENT_*", EndReasonGroup.AGENT),
    ("THIRD_PARTY_*", EndReasonGroup.TRANSFER),
    ("*TRANSFER*", EndReasonGroup.TRANSFER),
    ("TELECOM_*", EndReasonGroup.TELEPHONY),
    ("BARGED", EndReasonGroup.AGENT),
    ("CONTACT_FLOW_*", EndReasonGroup.AGENT),
    ("IDLE_*", EndReasonGroup.NO_INPUT),
    ("EXPIRED", EndReasonGroup.LIMIT),
    ("*ERROR*", EndReasonGroup.PLATFORM_ERROR),
    ("OTHER", EndReasonGroup.UNKNOWN),
)


def unpack(body: bytes, mimetype: str) -> list[Any]:
    """Records one after the other, with or without anything between, or a delivery of Firehose or Kinesis."""
    found = list(concatenated(body.decode("utf-8", "replace")))
    unpacked: list[Any] = []
    for one in found:
        for each in one if isinstance(one, list) else [one]:
            unpacked += _delivered(each)
    return unpacked


def _delivered(value: Any) -> list[Any]:
    records = items(value, "records") or [mapping(one, "kinesis") for one in items(value, "Records")]
    if not records:
        return [value]
    return [one for each in records for one in concatenated(unbase64(each.get("data")).decode("utf-8", "replace"))]


def told(payload: Payload, reading: Reading) -> Told | None:
    """What a contact says about its call."""
    contact = text(payload.get("ContactId"))
    call_id = text(payload.get("InitialContactId")) or contact
    if contact is None:
        raise Rejected("ContactId: required")
    ended, updated = (_micros(payload, name) for name in ("DisconnectTimestamp", "LastUpdateTimestamp"))
    begun = _micros(payload, "InitiationTimestamp")
    updated = updated or ended or begun
    if updated is None:
        raise Rejected("LastUpdateTimestamp: required")
    is_first = call_id == contact
    fields: dict[str, Any] = {
        "call_id": call_id,
        "updated_at": updated,
        "metadata": {f"contact {contact}": _leg(payload)},
    }
    beginning = _beginning(payload) if is_first else {"transferred": True}
    ending = _ending(payload) if ended is not None else {"status": Status.IN_PROGRESS} if is_first else {}
    # Of several contacts the one that ended last tells the end, whenever it is told again. Times are whole seconds, so
    # the microseconds are free to order its versions.
    rank = (ended or begun or updated) + min(max(updated - (ended or updated), 0) // SECOND, SECOND - 1)
    stamps = dict.fromkeys(ending, rank)
    if part(payload, "Agent", "ConnectedToAgentTimestamp"):
        answered = _micros(part(payload, "Agent"), "ConnectedToAgentTimestamp")
        fields |= {"agent": text(part(payload, "Agent", "Username")), "answered_at": answered}
        stamps |= {"agent": rank, "answered_at": -(answered or 0)}
    return Told(fields | beginning | ending, stamps)


def _beginning(payload: Payload) -> dict[str, Any]:
    method = str(payload.get("InitiationMethod") or "")
    queue = part(payload, "Queue")
    return {
        "direction": Direction.OUTBOUND if method in _OUTBOUND else Direction.INBOUND if method else None,
        "queue": text(part(queue, "Name")),
        "caller": text(part(payload, "CustomerEndpoint", "Address"), 100),
        "started_at": instant(payload.get("InitiationTimestamp")),
        "queued_at": instant(part(queue, "EnqueueTimestamp")),
        "wait_seconds": number(part(queue, "Duration")),
        "hold_seconds": number(part(payload, "Agent", "CustomerHoldDuration")),
        "after_call_seconds": number(part(payload, "Agent", "AfterContactWorkDuration")),
    }


def _ending(payload: Payload) -> dict[str, Any]:
    reason = text(payload.get("DisconnectReason"))
    group = group_of(reason, _GROUPS)
    return {
        "ended_at": instant(payload.get("DisconnectTimestamp")),
        "status": _status(payload, group),
        "end_reason": reason,
        "end_reason_group": group,
    }


def _status(payload: Payload, group: EndReasonGroup | None) -> Status:
    if group in (EndReasonGroup.TELEPHONY, EndReasonGroup.PLATFORM_ERROR):
        return Status.ERROR
    outbound = payload.get("InitiationMethod") in _OUTBOUND
    if outbound:
        return Status.SUCCESS if payload.get("ConnectedToSystemTimestamp") else Status.MISSED
    queued, served = part(payload, "Queue", "EnqueueTimestamp"), part(payload, "Agent", "ConnectedToAgentTimestamp")
    return Status.ABANDONED if queued and not served else Status.SUCCESS


def _leg(payload: Payload) -> dict[str, Any]:
    leg = {
        "queue": part(payload, "Queue", "Name"),
        "agent": part(payload, "Agent", "Username"),
        "by": payload.get("InitiationMethod"),
        "seconds": part(payload, "Agent", "AgentInteractionDuration"),
    }
    return {name: value for name, value in leg.items() if value is not None}


def _micros(payload: Any, name: str) -> int | None:
    found = instant(part(payload, name))
    if found is None or isinstance(found, int):
        return found
    try:
        moment = datetime.fromisoformat(found)
    except ValueError:
        raise Rejected(f"{name}: {found[:40]!r} is no time") from None
    return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
