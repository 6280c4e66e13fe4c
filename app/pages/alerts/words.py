"""Small pieces that the views of the page share: marks, times, labels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from app.components.plain import Children, Plain, h, icon
from app.components.states import retry_button
from data.times import to_datetime

#: Severity -> tone of dots and tags.
TONES = {"critical": "error", "warning": "abandoned"}


def tone(severity: str) -> str:
    """The tone of a severity."""
    return TONES.get(severity, "missed")


def tag(text: str, tint: str = "quiet") -> Plain:
    """A small word in a frame."""
    return h("Span", text, cls=f"vh-tag vh-tag-{tint}")


def clock(millis: int, zone: str) -> str:
    """An instant in full."""
    return f"{to_datetime(millis * 1000, zone):%a %d %b %Y, %H:%M:%S %Z}"


def short_clock(millis: int, zone: str) -> str:
    """An instant in a row of a table."""
    return f"{to_datetime(millis * 1000, zone):%d %b, %H:%M:%S}"


def ago(millis: int, zone: str) -> Plain:
    """How long ago, counted by the browser; the instant in its tip."""
    return h("Time", cls="vh-ago", data_age=millis, data_tip=clock(millis, zone))


def due(millis: int, zone: str) -> Plain:
    """In how long, counted by the browser."""
    return h("Time", cls="vh-ago", data_due=millis, data_tip=clock(millis, zone))


def query(**values: str) -> str:
    """What a button puts into the address."""
    return json.dumps(values, separators=(",", ":"))


def act(text: str, what: str, *, cls: str = "vh-button", **data: Any) -> Plain:
    """A button that asks the API to do something (assets/voicehive/alerts.js)."""
    return h("Button", text, type="button", cls=cls, data_alert=what, **data)


def labels(found: Mapping[str, str], leave_out: tuple[str, ...] = ("alertname", "severity")) -> list[Plain]:
    """Labels as small words; their texts come from outside and are shown as text."""
    return [
        h("Code", f"{name}={text}", cls="al-label") for name, text in sorted(found.items()) if name not in leave_out
    ]


def linked(text: str) -> Children:
    """A text; one that is an address of the web as a link, anything else as text."""
    words: list[Any] = []
    for word in text.split(" "):
        words += [_address(word), " "] if is_web(word) else [f"{word} "]
    return words


def is_web(text: str) -> bool:
    """Whether it is an http(s) address and may be linked to."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _address(text: str) -> Plain:
    return h("A", text, href=text, target="_blank", rel="noopener noreferrer nofollow")


def nothing(sentence: str, beside: Children = None) -> Plain:
    """What stands where there is nothing."""
    below = [] if beside is None else [h("Div", beside)]
    return h("Div", [icon("check-circle", "vh-good"), h("Div", sentence), *below], cls="vh-nothing")


def failed(sentence: str) -> Plain:
    """What stands where something is wrong."""
    return h("Div", [icon("exclamation-triangle"), h("Span", sentence), retry_button()], cls="vh-failed")
