"""The feed of what just happened. Ages are counted by the browser, so an unchanged feed is sent once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from app.addresses import alert_path, call_path
from app.components.plain import Plain, h
from app.format import unbroken

_ALERT_TONES = {"error": "error", "success": "success", "info": "missed"}
_KNOWN = ("success", "error", "abandoned", "missed", "voicemail", "in_progress")


class Event(Protocol):
    """What the feed needs of an activity."""

    @property
    def id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def status(self) -> str | None: ...
    @property
    def source(self) -> str | None: ...
    @property
    def call_id(self) -> str | None: ...
    @property
    def fingerprint(self) -> str | None: ...


def feed(events: Iterable[Event], zone: str) -> list[Plain]:
    """The lines, newest first."""
    lines = [_line(event, zone) for event in events]
    return (
        [h("Ol", lines, cls="vh-feed")] if lines else [h("Div", "Nothing happened in this range.", cls="vh-feed-empty")]
    )


def _line(event: Event, zone: str) -> Plain:
    mark = event.status if event.status in _KNOWN else "error" if event.severity == "error" else "missed"
    if event.type == "alert":
        mark = f"alert vh-dot-{_ALERT_TONES.get(event.severity, 'abandoned')}"
    clock = datetime.fromtimestamp(event.timestamp // 1_000_000, tz=UTC).astimezone(ZoneInfo(zone))
    return h(
        "Li",
        [
            h("Span", cls=f"vh-dot vh-dot-{mark}", aria_hidden="true"),
            _text(event),
            h(
                "Time",
                f"{clock:%H:%M:%S}",
                data_age=event.timestamp // 1000,
                data_tip=f"{clock:%a %d %b %Y, %H:%M:%S %Z}",
            ),
        ],
        key=event.id,
    )


def _text(event: Event) -> Plain:
    """What happened, with the way to its call or alert."""
    text = unbroken(event.message)
    if event.fingerprint is not None:
        address = alert_path(event.fingerprint)
    elif event.source is not None and event.call_id is not None:
        address = call_path(event.source, event.call_id)
    else:
        return h("Span", text, cls="vh-feed-text")
    return h("A", text, href=address, cls="vh-feed-text vh-feed-link", data_nav="1")
