"""What stands in the place of figures: nothing yet, nothing at all, or a failure."""

from __future__ import annotations

from app.components.plain import Children, Plain, h, icon

_CURL = (
    "curl -X POST {origin}/api/calls -H 'Content-Type: application/json' -d "
    '\'{"source":"test","call_id":"1","agent":"roxy","direction":"inbound","status":"success",'
    '"started_at":"{started}","ended_at":"{ended}","duration_seconds":258}\''
)


def overlay(text: str) -> Plain:
    """A sentence over an empty chart."""
    return h("Div", text, cls="vh-overlay")


def note(summary: str, empty: str = "") -> list[Plain]:
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
        h("P", "Calls appear here within seconds. Import a file, or send the first call to the API:"),
        command("python -m app import FILE", "import a file"),
        command(_CURL, "send a call"),
    ]


def banner(content: Children, tone: str = "warn") -> Plain:
    """A line across the page."""
    return h("Div", content, cls=f"vh-banner vh-{tone}", role="alert")
