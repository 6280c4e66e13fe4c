"""A transcript turn by turn, however the platform wrote it down."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from app.components.plain import Plain, h
from app.format import duration

_CALLERS = frozenset({"user", "caller", "customer", "human", "client"})
_LINE = re.compile(r"\s*(agent|assistant|ai|bot|robot|user|caller|customer|human|client)\s*:\s*(.*)", re.IGNORECASE)
_ROLES, _TEXTS = ("role", "user", "speaker"), ("text", "message", "content")
_SECONDS = ("time_in_call_secs", "secondsFromStart", "start_seconds", "at")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said, and when, in seconds after the start of the call, where that is known."""

    side: Literal["agent", "caller"]
    text: str
    at: float | None = None


def turns(transcript: str) -> list[Turn]:
    """The turns of a JSON list (or an object with `turns`), or of lines as "agent: hello"; none where it is neither."""
    if transcript.lstrip()[:1] in "[{":
        try:
            return list(_told(orjson.loads(transcript)))
        except orjson.JSONDecodeError:
            return []
    found: list[Turn] = []
    for line in transcript.splitlines():
        match = _LINE.match(line)
        if match:
            found.append(Turn(_side(match[1]), match[2]))
        elif not found:
            return []
        elif line.strip():
            found[-1] = Turn(found[-1].side, f"{found[-1].text}\n{line.strip()}")
    return found


def transcript_view(transcript: str) -> Plain:
    """The transcript as a conversation; as it came where no turns can be told apart."""
    found = turns(transcript)
    if not found:
        return h("Pre", transcript, cls="vh-transcript", tabIndex=0)
    return h("Ol", [_bubble(turn) for turn in found], cls="vh-turns", tabIndex=0, aria_label="Transcript")


def _bubble(turn: Turn) -> Plain:
    who = "Agent" if turn.side == "agent" else "Caller"
    head = [h("Span", who), *([h("Span", duration(turn.at), cls="vh-note")] if turn.at is not None else [])]
    return h("Li", [h("Div", head, cls="vh-turn-head"), h("Div", turn.text)], cls=f"vh-turn vh-turn-{turn.side}")


def _told(content: Any) -> Iterator[Turn]:
    entries = content.get("turns") or content.get("messages") or [] if isinstance(content, Mapping) else content
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, Mapping):
            continue
        text = next((entry[name] for name in _TEXTS if isinstance(entry.get(name), str)), "").strip()
        role = str(next((entry[name] for name in _ROLES if entry.get(name)), ""))
        at = next((entry[name] for name in _SECONDS if isinstance(entry.get(name), int | float)), None)
        if text and role != "system":
            yield Turn(_side(role), text, at)


def _side(role: str) -> Literal["agent", "caller"]:
    return "caller" if role.lower() in _CALLERS else "agent"
