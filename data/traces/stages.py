"""The stages of a call, and which of them a span belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

#: How a stage went; not every sender says so.
StageStatus = Literal["ok", "error"]


class Stage(StrEnum):
    """What the time of a call is spent on."""

    NETWORK = "network"
    STT = "stt"
    LLM = "llm"
    TTS = "tts"
    TOOL = "tool"
    TURN = "turn"
    OTHER = "other"


#: Words of span names, in the order in which they are looked for: a "chat_tool" is a tool, a "llm_turn" the model's.
_WORDS = (
    (Stage.STT, re.compile(r"\b(stt|asr|transcri\w*|recogni\w*|speech to text)\b")),
    (Stage.TTS, re.compile(r"\b(tts|speech|synth\w*)\b")),
    (Stage.TOOL, re.compile(r"\b(tools?|functions?)\b")),
    (Stage.LLM, re.compile(r"\b(llm|chat|gen ai|completions?|generation|generate content)\b")),
    (Stage.TURN, re.compile(r"\bturns?\b")),
    (Stage.NETWORK, re.compile(r"\b(network|sip|rtp|webrtc|telephony|transport)\b")),
)
#: Attributes that say what kind of span this is: the GenAI conventions', OpenInference's, Traceloop's.
_KINDS = ("gen_ai.operation.name", "openinference.span.kind", "traceloop.span.kind")


def stage_of(name: str, attributes: Mapping[str, Any]) -> Stage:
    """The stage of a span: as its attribute `stage` says, else by the conventions of agent SDKs, else `other`."""
    said = str(attributes.get("stage", "")).strip().lower()
    if said in frozenset(Stage):
        return Stage(said)
    texts = [*(str(attributes[kind]) for kind in _KINDS if kind in attributes), name]
    for text in map(_words, texts):
        for stage, pattern in _WORDS:
            if pattern.search(text):
                return stage
    return Stage.LLM if any(key.startswith(("gen_ai.", "llm.")) for key in attributes) else Stage.OTHER


def _words(name: str) -> str:
    """The words of a name in small letters: "ttsRequest", "tts_request" and "TTS.request" are alike."""
    return re.sub(r"[\W_\d]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)).lower()
