"""Where everything stands on the page of a call. It is drawn once: a call that is over does not change any more."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from app.addresses import call_path
from app.components.card import card, chart_card
from app.components.guard import Parts
from app.components.plain import Children, Plain, h, icon
from app.components.states import command, note
from app.figures.timeline import timeline
from app.format import count, words
from app.pages.call.facts import conversation, cost_parts, facts, latency_parts, story
from app.pages.call.transcript import transcript_view
from data.models import CALL_COLUMNS
from data.queries.same_caller import Neighbour
from data.times import to_datetime

TIMELINE = "vh-call-timeline"
_NEIGHBOURS_SHOWN = 5

Row = Mapping[str, Any]


def layout(
    row: Row,
    trace: Sequence[Mapping[str, Any]],
    zone: str,
    *,
    notes: Sequence[Mapping[str, Any]] = (),
    earlier: Sequence[Neighbour] = (),
    later: Sequence[Neighbour] = (),
) -> Plain:
    """The page of a call (a row of the record) with its trace (data/traces/reading.py); times in `zone`.

    notes: as the API tells them. earlier, later: other calls of the same caller, the nearest first.
    """
    row = dict.fromkeys(CALL_COLUMNS) | dict(row)  # what is unknown is left out of a row
    # How to send a trace is no news of this call.
    told = [_timeline(row, trace), _transcript(row)] if trace else [_transcript(row), _without_trace(row)]
    wide = [*told, _raw(row)]
    side = [
        card("What happened", facts(story(row, zone))),
        _review(row, notes),
        card("Cost and latency", [cost_parts(row), latency_parts(row)]),
        card("Conversation", facts(conversation(row))),
        *([_same_caller(earlier, later, zone)] if earlier or later else []),
    ]
    columns = [h("Div", wide, cls="vh-stack vh-span-8"), h("Div", side, cls="vh-stack vh-span-4")]
    return h("Div", [_head(row, earlier, later), h("Div", columns, cls="vh-grid vh-call-grid")])


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
    return h("A", [icon("chevron-down", "vh-turn-left"), "Calls"], href="/calls", cls="vh-button", data_nav="1")


def _head(row: Row, earlier: Sequence[Neighbour], later: Sequence[Neighbour]) -> Plain:
    steps = [_step("Previous call of this caller", "vh-turn-left", earlier),
             _step("Next call of this caller", "vh-turn-right", later)]  # fmt: skip
    return h(
        "Div",
        [
            _back(),
            h("Span", cls=f"vh-dot vh-dot-{row['status']}", aria_hidden="true"),
            h("H1", f"Call {row['call_id']}", cls="vh-call-title"),
            h("Span", f"{row['source']} · {words(row['status'].replace('_', ' '))}", cls="vh-card-unit"),
            h("Div", steps if earlier or later else [], cls="vh-card-extra vh-card-menus"),
        ],
        cls="vh-call-head",
    )


def _step(label: str, turned: str, calls: Sequence[Neighbour]) -> Plain:
    picture = icon("chevron-down", turned)
    if not calls:
        return h("Button", picture, type="button", cls="vh-button vh-icon-button", disabled=True, aria_label=label)
    href = call_path(calls[0].source, calls[0].call_id)
    return h(
        "A", picture, href=href, cls="vh-button vh-icon-button", aria_label=label, data_tip=label, data_nav="1"
    )  # fmt: skip


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


def _transcript(row: Row) -> Plain:
    if row["transcript"]:
        return card("Transcript", transcript_view(row["transcript"]))
    sentence = (
        "No transcript of this call has come in. Send it as `transcript`: lines as “agent: …”, or a list of turns."
    )
    return card("Transcript", h("P", sentence, cls="vh-note"))


def _raw(row: Row) -> Plain:
    """All that the record holds, as it holds it: closed until somebody wants it."""
    hidden = {"id", "revision", "caller_hash", "stamps", "transcript", "trace", "payload", "metadata"}
    groups: list[Children] = []
    for title, content in (
        ("What the platform told beside the known fields", row["metadata"]),
        ("What the platform sent last", json.loads(row["payload"]) if row.get("payload") else None),
        ("The record of this call", {k: v for k, v in row.items() if k not in hidden and v is not None}),
    ):
        if content:
            text = json.dumps(content, indent=2, ensure_ascii=False)
            groups.append(h("Details", [h("Summary", title), h("Pre", text, tabIndex=0)], cls="vh-raw"))
    return card("Raw", groups)


def _review(row: Row, notes: Sequence[Mapping[str, Any]]) -> Plain:
    """Score, tags and notes; assets/voicehive/review.js draws and sends them."""
    state = {"score": row["score"], "tags": row["review_tags"] or [], "notes": list(notes)}
    href = f"/api{call_path(str(row['source']), str(row['call_id']))}/notes"
    return card(
        "Review",
        h("Div", id="vh-review", data_review=json.dumps(state), data_href=href),
        definition="What people say of this call. Score and tags can be filtered, shown in the table and exported; "
        "no message of the platform changes them.",
    )


def _same_caller(earlier: Sequence[Neighbour], later: Sequence[Neighbour], zone: str) -> Plain:
    rows = [*reversed(later[:_NEIGHBOURS_SHOWN]), None, *earlier[:_NEIGHBOURS_SHOWN]]
    lines = [_neighbour(each, zone) if each else h("Li", "This call", cls="vh-note") for each in rows]
    unit = f"{count(len(earlier))} earlier, {count(len(later))} later"
    return card("Same caller", h("Ul", lines, cls="vh-neighbours"), unit=unit)


def _neighbour(call: Neighbour, zone: str) -> Plain:
    moment = to_datetime(call.started_at, zone)
    link = h("A", f"{moment:%a} {moment.day} {moment:%b %Y, %H:%M}", href=call_path(call.source, call.call_id),
             data_nav="1")  # fmt: skip
    who = " · ".join(part for part in (call.agent, words(call.status.replace("_", " "))) if part)
    return h("Li", [h("Span", cls=f"vh-dot vh-dot-{call.status}", aria_hidden="true"), link,
                    h("Span", who, cls="vh-note")])  # fmt: skip
