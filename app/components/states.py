"""What stands in the place of figures: nothing yet, nothing at all, or a failure."""

from __future__ import annotations

import json
from datetime import timedelta

from app.components.plain import Children, Plain, h, icon
from app.program import PROGRAM
from data.filters import CallFilter
from data.times import to_datetime

_CURL = (
    "curl -X POST {origin}/api/calls -H \"Authorization: Bearer $KEY\" -H 'Content-Type: application/json' -d "
    '\'{"source":"test","call_id":"1","agent":"roxy","direction":"inbound","status":"success",'
    '"started_at":"{started}","ended_at":"{ended}","duration_seconds":258}\''
)


def overlay(content: Children) -> Plain:
    """A sentence over an empty chart, or several things."""
    return h("Div", h("Div", content), cls="vh-overlay")


def show_month(instant: int, zone: str) -> Plain:
    """A button that shows the month of an instant (UTC microseconds)."""
    first = to_datetime(instant, zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    following = (first + timedelta(days=32)).replace(day=1)
    ends = {"from": f"{first:%Y-%m-%dT%H:%M}", "to": f"{following:%Y-%m-%dT%H:%M}"}
    return h(
        "Button",
        "Show the month of the newest call",
        type="button",
        cls="vh-button",
        data_query=json.dumps(ends, separators=(",", ":")),
        data_tip=f"{first:%B %Y}",
    )


def no_calls_here(chosen: CallFilter, newest: int | None) -> list[Plain]:
    """Why nothing is drawn, and what leads to calls. `newest`: the newest call of the store, if there is any."""
    if newest is None:
        return [h("Div", "No calls yet.")]
    inside = (chosen.start or 0) <= newest < (chosen.end or newest + 1)
    next_step = (
        "Choose a longer range, or remove a filter." if chosen.narrowed else "" if inside else "Choose another range."
    )
    sentence = h("Div", f"No calls in this range. {next_step}".rstrip())
    return [sentence] if inside else [sentence, show_month(newest, chosen.zone)]


def note(summary: str, empty: Children = "") -> list[Plain]:
    """A chart in words for screen readers, and the sentence over it where there is nothing to draw."""
    return [*([overlay(empty)] if empty else []), h("Div", summary, cls="visually-hidden")]


def failed(what: str, reference: str) -> list[Plain]:
    """One part that could not be made; the rest of the page goes on."""
    return [
        h("Div", [icon("exclamation-triangle"), h("Span", f"{what} could not be shown.")], cls="vh-failed"),
        h("Div", [f"Reference {reference} · ", retry_button()], cls="vh-note"),
    ]


def retry_button() -> Plain:
    """Fetches everything anew, at once."""
    return h("Button", "Retry", type="button", cls="vh-link", data_vh="retry")


def command(text: str, label: str) -> Plain:
    """A command with a button that copies it; what is in braces is put in by the browser: address and times."""
    return h(
        "Div",
        [
            h("Code", text, data_template="1" if "{origin}" in text else None),
            h(
                "Button",
                [icon("copy"), "Copy"],
                type="button",
                cls="vh-copy",
                data_vh="copy",
                aria_label=f"Copy: {label}",
            ),
        ],
        cls="vh-command",
    )


def no_calls() -> list[Plain]:
    """The first steps, for an empty store."""
    return [
        h("H2", "No calls yet"),
        h("P", "Calls appear here within seconds. Import a file, or make a key and send the first call to the API:"),
        command(f"{PROGRAM} import FILE", "import a file"),
        command(f"KEY=$({PROGRAM} apikey create my-platform --scope ingest)", "make a key"),
        command(_CURL, "send a call"),
    ]


def banner(content: Children, tone: str = "warn") -> Plain:
    """A line across the page."""
    return h("Div", content, cls=f"vh-banner vh-{tone}", role="alert")
