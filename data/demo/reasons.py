"""Why demo calls end: a platform's word, and the group that it belongs to."""

from __future__ import annotations

import numpy as np

from data.demo.agents import INBOUND, WEB, trait
from data.demo.dice import Dice, Flags, Ints
from data.demo.outcomes import ABANDONED, ERROR, INVALID, MISSED, SUCCESS, VOICEMAIL, Course, Route
from data.models import EndReasonGroup as Group

REASONS = (
    ("customer-ended-call", Group.CUSTOMER),
    ("assistant-ended-call", Group.AGENT),
    ("assistant-said-end-call-phrase", Group.AGENT),
    ("assistant-forwarded-call", Group.TRANSFER),
    ("silence-timed-out", Group.NO_INPUT),
    ("exceeded-max-duration", Group.LIMIT),
    ("unknown", Group.UNKNOWN),
    ("voicemail", Group.VOICEMAIL),
    ("customer-hung-up-in-queue", Group.CUSTOMER),
    ("customer-did-not-answer", Group.CUSTOMER),
    ("customer-busy", Group.CUSTOMER),
    ("queue-timed-out", Group.LIMIT),
    ("call.start.error-sip-gateway-unreachable", Group.TELEPHONY),
    ("call.start.error-get-assistant", Group.PLATFORM_ERROR),
    ("call.in-progress.error-sip-media-lost", Group.TELEPHONY),
    ("pipeline-error-llm-timeout", Group.PLATFORM_ERROR),
    ("pipeline-error-transcriber-failed", Group.PLATFORM_ERROR),
    ("pipeline-error-voice-failed", Group.PLATFORM_ERROR),
)
_INDEX = {reason: index for index, (reason, _) in enumerate(REASONS)}


def forwarded(dice: Dice, way: Route, end: Course) -> Flags:
    """Successful phone calls that were handed to a person."""
    rate = trait("transfer_rate")[way.agent] * np.where(way.former, 1.2, 1.0)
    candidates = (end.status == SUCCESS) & (way.direction != WEB) & ~end.at_limit
    return np.asarray(candidates & (dice.uniform() < rate), dtype=np.bool_)


def end_reasons(dice: Dice, way: Route, end: Course, handed_on: Flags) -> Ints:
    """The end of each call as an index into REASONS."""
    u = dice.uniform()
    status, early = end.status, (end.status == ERROR) & ~end.answered
    line_lost = way.cut_off | (u < 0.15)
    branches: list[tuple[Flags, str]] = [
        (status == ABANDONED, "customer-hung-up-in-queue"),
        (status == VOICEMAIL, "voicemail"),
        ((status == MISSED) & way.cut_off & (way.direction == INBOUND), "call.start.error-sip-gateway-unreachable"),
        ((status == MISSED) & way.queued, "queue-timed-out"),
        (end.busy, "customer-busy"),
        (status == MISSED, "customer-did-not-answer"),
        (early & (way.cut_off | (u < 0.55)), "call.start.error-sip-gateway-unreachable"),
        (early, "call.start.error-get-assistant"),
        ((status == ERROR) & (way.slow & (u < 0.93)), "pipeline-error-llm-timeout"),
        ((status == ERROR) & line_lost, "call.in-progress.error-sip-media-lost"),
        ((status == ERROR) & (u < 0.65), "pipeline-error-llm-timeout"),
        ((status == ERROR) & (u < 0.82), "pipeline-error-transcriber-failed"),
        (status == ERROR, "pipeline-error-voice-failed"),
        (status == INVALID, "customer-ended-call"),
        (end.at_limit, "exceeded-max-duration"),
        (handed_on, "assistant-forwarded-call"),
        (u < 0.565, "customer-ended-call"),
        (u < 0.90, "assistant-ended-call"),
        (u < 0.97, "assistant-said-end-call-phrase"),
        (u < 0.993, "silence-timed-out"),
    ]
    indices = [_INDEX[reason] for _, reason in branches]
    return np.select([mask for mask, _ in branches], indices, _INDEX["unknown"]).astype(np.int64)
