"""Where everything stands on the page of a call. It is drawn once: a call that is over does not change any more."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from app.components.card import card, chart_card
from app.components.guard import Parts
from app.components.plain import Plain, h
from app.components.states import command, note
from app.figures.timeline import timeline
from app.format import UNKNOWN, count, duration, milliseconds, money, words
from data.models import CALL_COLUMNS
from data.times import to_datetime

TIMELINE = "vh-call-timeline"
_STAGES = ("network", "stt", "llm", "tts")
_COSTS = ("telephony", "stt", "llm", "tts", "platform")

Row = Mapping[str, Any]


def layout(row: Row, trace: Sequence[Mapping[str, Any]], zone: str) -> Plain:
    """The page of a call (a row of the record) with its trace (data/traces/reading.py); times in `zone`."""
    row = dict.fromkeys(CALL_COLUMNS) | dict(row)  # what is unknown is left out of a row
    cards = [
        _timeline(row, trace) if trace else _without_trace(row),
        card("What happened", _facts(_story(row, zone)), span="vh-span-6"),
        card("Cost and latency", _facts(_figures(row)), span="vh-span-6"),
    ]  # fmt: skip
    if row["transcript"]:
        cards.append(card("Transcript", h("Pre", row["transcript"], cls="vh-transcript", tabIndex=0)))
    return h("Div", [_head(row), h("Div", cards, cls="vh-grid")])


def missing(source: str, call_id: str) -> Plain:
    """There is no such call."""
    return h(
        "Div",
        [h("H1", "There is no such call"), h("P", f"No call {call_id} of source {source} has come in."), _back()],
        cls="vh-empty",
    )


def unavailable() -> Plain:
    """The call can't be read now."""
    return h(
        "Div",
        [h("H1", "This call can't be shown"), h("P", "The call record does not answer. Reload the page in a moment."),
         _back()],
        cls="vh-empty",
    )  # fmt: skip


def _back() -> Plain:
    return h("A", "Go to the overview", href="/", cls="vh-button", data_nav="1")


def _head(row: Row) -> Plain:
    return h(
        "Div",
        [
            h("Span", cls=f"vh-dot vh-dot-{row['status']}", aria_hidden="true"),
            h("H1", f"Call {row['call_id']}", cls="vh-call-title"),
            h("Span", f"{row['source']} · {words(row['status'])}", cls="vh-card-unit"),
            h("Div", _back(), cls="vh-card-extra"),
        ],
        cls="vh-call-head",
    )


_TITLE = "Where the time went"


def _timeline(row: Row, trace: Sequence[Mapping[str, Any]]) -> Plain:
    stages = sorted({str(stage["stage"]) for stage in trace})
    parts: Parts = {
        TIMELINE: {"figure": timeline(trace, revision=str(row["call_id"]))},
        f"{TIMELINE}-note": {"children": note(f"{count(len(trace))} stages: {', '.join(stages)}.")},
    }
    return chart_card(
        _TITLE,
        TIMELINE,
        parts,
        unit="after the call's start",
        span="vh-tall",
        definition="The stages of the call as they were told with it or came as OpenTelemetry spans. What failed is "
        "hatched.",
    )


def _without_trace(row: Row) -> Plain:
    return card(_TITLE, [h("P", "No trace of this call has come in. Send one with it:"), _how(row)])


def _how(row: Row) -> Plain:
    body = {name: row[name] for name in ("source", "call_id", "status")}
    body |= {"started_at": row["started_at"] / 1_000_000, "updated_at": row["updated_at"] / 1_000_000 + 1}
    body["trace"] = [{"stage": "llm", "start_ms": 1200, "duration_ms": 340}]
    text = shlex.quote(json.dumps(body, ensure_ascii=False))
    return command(f"curl -X POST {{origin}}/api/calls -H 'Content-Type: application/json' -d {text}", "send a trace")


def _facts(pairs: Sequence[tuple[str, str]]) -> Plain:
    lines = [each for name, value in pairs for each in (h("Dt", name), h("Dd", value))]
    return h("Dl", lines, cls="vh-facts")


def _story(row: Row, zone: str) -> list[tuple[str, str]]:
    def at(name: str) -> str:
        if row[name] is None:
            return UNKNOWN
        return f"{to_datetime(row[name], zone):%a %d %b %Y, %H:%M:%S %Z}"

    reason = " · ".join(words(str(row[name])) for name in ("end_reason_group", "end_reason") if row[name])
    return [
        ("Agent", " ".join(str(row[name]) for name in ("agent", "agent_version") if row[name]) or UNKNOWN),
        ("Queue", row["queue"] or UNKNOWN),
        ("Direction", words(row["direction"]) if row["direction"] else UNKNOWN),
        ("Caller", f"…{row['caller_last2']}" if row["caller_last2"] else UNKNOWN),
        ("Started", at("started_at")),
        ("Answered", at("answered_at")),
        ("Ended", at("ended_at")),
        ("Wait", duration(row["wait_seconds"])),
        ("Duration", duration(row["duration_seconds"])),
        ("End reason", reason or UNKNOWN),
        ("Satisfaction", UNKNOWN if row["csat"] is None else f"{row['csat']:g} of 5"),
    ]


def _figures(row: Row) -> list[tuple[str, str]]:
    costs = [("Cost", money(row["cost"], row["currency"]))]
    costs += [(f"Cost, {part}", money(row[f"cost_{part}"], row["currency"])) for part in _COSTS if row[f"cost_{part}"]]
    latency = [("Latency", milliseconds(row["latency_ms"]))]
    latency += [(f"Latency, {s}", milliseconds(row[f"latency_{s}_ms"])) for s in _STAGES if row[f"latency_{s}_ms"]]
    more = {"Turns": "turns", "Interruptions by the caller": "user_interruptions"}
    more["Interruptions by the agent"] = "agent_interruptions"
    return [*costs, *latency, *((label, count(row[name])) for label, name in more.items())]
