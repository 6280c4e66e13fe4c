"""What is known of a call, as pairs of a name and a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from app.components.plain import Children, Plain, h, icon
from app.format import UNKNOWN, Number, count, duration, milliseconds, money, words
from data.times import to_datetime

Row = Mapping[str, Any]

_STAGES = {"stt": "Speech to text", "llm": "Language model", "tts": "Text to speech", "network": "Network"}
_COSTS = {"telephony": "Telephony", "platform": "Platform"} | {k: v for k, v in _STAGES.items() if k != "network"}


def facts(pairs: Sequence[tuple[str, Children]]) -> Plain:
    """The pairs as a list."""
    lines = [each for name, value in pairs for each in (h("Dt", name), h("Dd", value))]
    return h("Dl", lines, cls="vh-facts")


def story(row: Row, zone: str) -> list[tuple[str, Children]]:
    """Who, when, and how it ended."""

    def at(name: str) -> str:
        if row[name] is None:
            return UNKNOWN
        return f"{to_datetime(row[name], zone):%a %d %b %Y, %H:%M:%S %Z}"

    return [
        ("Agent", " ".join(str(row[name]) for name in ("agent", "agent_version") if row[name]) or UNKNOWN),
        ("Queue", row["queue"] or UNKNOWN),
        ("Direction", _words(row["direction"])),
        ("Caller", f"…{row['caller_last2']}" if row["caller_last2"] else UNKNOWN),
        ("Started", at("started_at")),
        ("Answered", at("answered_at")),
        ("Ended", at("ended_at")),
        ("Wait", duration(row["wait_seconds"])),
        ("Duration", duration(row["duration_seconds"])),
        ("Ended by", _words(row["end_reason_group"])),
        ("End reason", h("Code", row["end_reason"]) if row["end_reason"] else UNKNOWN),
        ("Transferred", UNKNOWN if row["transferred"] is None else "yes" if row["transferred"] else "no"),
        *([("Recording", recording)] if (recording := _recording(row)) else []),
    ]


def conversation(row: Row) -> list[tuple[str, Children]]:
    """How the conversation went."""
    tags = [h("Span", tag, cls="vh-tag-chip") for tag in row["tags"] or ()]
    return [
        ("Satisfaction", UNKNOWN if row["csat"] is None else f"{row['csat']:g} of 5"),
        ("Sentiment", row["sentiment"] or UNKNOWN),
        ("Evaluation", row["success_evaluation"] or UNKNOWN),
        ("Language", row["language"] or UNKNOWN),
        ("Turns", count(row["turns"])),
        ("Interruptions by the caller", count(row["user_interruptions"])),
        ("Interruptions by the agent", count(row["agent_interruptions"])),
        ("Silence", duration(row["silence_seconds"])),
        ("Hold", duration(row["hold_seconds"])),
        ("After-call work", duration(row["after_call_seconds"])),
        ("Tags", tags or UNKNOWN),
    ]


def cost_parts(row: Row) -> Plain:
    """The cost and what it is made of, the unexplained rest as well."""
    known = [(label, row[f"cost_{name}"]) for name, label in _COSTS.items() if row[f"cost_{name}"] is not None]
    return _parts("Cost", row["cost"], known, lambda value: money(value, row["currency"]))


def latency_parts(row: Row) -> Plain:
    """The mean response latency and its stages."""
    names = {label: f"latency_{name}_ms" for name, label in _STAGES.items()}
    known = [(label, row[name]) for label, name in names.items() if row[name] is not None]
    return _parts("Latency", row["latency_ms"], known, milliseconds)


def _parts(title: str, whole: float | None, known: list[tuple[str, float]], write: Callable[[Number], str]) -> Plain:
    rest = 0 if whole is None or not known else whole - sum(value for _, value in known)
    # Less than a thousandth is rounding.
    if whole is not None and abs(rest) > abs(whole) / 1000:
        known = [*known, ("Unexplained", rest)]
    parts = [(label, value, write(value)) for label, value in known]
    top = max((abs(value) for _, value, _ in parts), default=0) or 1
    rows = [
        h(
            "Li",
            [
                h("Span", label, cls="vh-part-name"),
                h("Span", cls="vh-part-bar", style={"--share": f"{max(value, 0) / top:.3f}"}, aria_hidden="true"),
                h("Span", shown, cls="vh-part-value"),
            ],
        )
        for label, value, shown in parts
    ]
    head = h("Div", [h("Span", title, cls="vh-card-unit"), h("Strong", write(whole))], cls="vh-part-head")
    return h("Div", [head, h("Ul", rows, cls="vh-parts")] if rows else [head], cls="vh-part-group")


def _recording(row: Row) -> Plain | None:
    """The way to the recording, which lies elsewhere: only where it is an ordinary web address."""
    address = (row["metadata"] or {}).get("recording_url")
    try:
        found = urlsplit(address) if isinstance(address, str) else None
    except ValueError:
        return None
    if found is None or found.scheme not in ("http", "https") or not found.hostname:
        return None
    return h(
        "A",
        [icon("play"), "Open the recording"],
        href=address,
        target="_blank",
        rel="noopener noreferrer",
        cls="vh-outside",
        data_tip=found.hostname,
    )


def _words(value: str | None) -> str:
    return words(value.replace("_", " ")) if value else UNKNOWN
