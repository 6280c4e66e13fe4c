"""The closed word lists of a call detail record, and the shape of what a message says about a call."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypedDict


class Status(StrEnum):
    """How a call stands or ended."""

    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    ERROR = "error"
    ABANDONED = "abandoned"
    MISSED = "missed"
    VOICEMAIL = "voicemail"
    INVALID = "invalid"


#: The statuses of calls that count in figures: ended and neither test nor phantom.
COUNTED = (Status.SUCCESS, Status.ERROR, Status.ABANDONED, Status.MISSED, Status.VOICEMAIL)


class Direction(StrEnum):
    """Who started the call, and over what."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    WEB = "web"


class EndReasonGroup(StrEnum):
    """What ended a call, across platforms."""

    CUSTOMER = "customer"
    AGENT = "agent"
    TRANSFER = "transfer"
    VOICEMAIL = "voicemail"
    NO_INPUT = "no_input"
    TELEPHONY = "telephony"
    PLATFORM_ERROR = "platform_error"
    LIMIT = "limit"
    UNKNOWN = "unknown"


#: The columns of a call that hold a word of a closed list.
CLOSED: Mapping[str, type[StrEnum]] = {"status": Status, "direction": Direction, "end_reason_group": EndReasonGroup}


class CallEvent(TypedDict, total=False):
    """What one message said about a call: only the fields it carried, validated, times in UTC microseconds.

    `source`, `call_id` and `updated_at` are always there. Events of one call merge into one row (data/merge.py).
    """

    source: str
    call_id: str
    updated_at: int
    direction: str
    agent: str
    agent_version: str
    queue: str
    caller_hash: str
    caller_last2: str
    started_at: int
    queued_at: int
    answered_at: int
    ended_at: int
    wait_seconds: float
    duration_seconds: float
    hold_seconds: float
    after_call_seconds: float
    status: str
    end_reason: str
    end_reason_group: str
    transferred: bool
    csat: float
    sentiment: str
    success_evaluation: str
    currency: str
    cost: float
    cost_telephony: float
    cost_stt: float
    cost_llm: float
    cost_tts: float
    cost_platform: float
    latency_ms: float
    latency_stt_ms: float
    latency_llm_ms: float
    latency_tts_ms: float
    latency_network_ms: float
    turns: int
    user_interruptions: int
    agent_interruptions: int
    silence_seconds: float
    language: str
    tags: list[str]
    metadata: dict[str, Any]
    transcript: str
    #: JSON: a list of stages (data/sources/trace.py).
    trace: str
    #: JSON: what the platform sent, without the caller's number.
    payload: str
    #: Of fields that are to count as older than the message: their instant. So the first of several legs, or the surest
    #: of several accounts, stands whatever comes later.
    stamps: dict[str, int]
