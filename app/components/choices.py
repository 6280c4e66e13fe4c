"""What a page lets its reader choose, as its metric or bucket. The choice is kept in the query string."""

from __future__ import annotations

import json
from collections.abc import Mapping

from app.components.plain import Plain, h, icon


def choice_menu(name: str, label: str, options: Mapping[str, str], chosen: str, default: str) -> Plain:
    """A menu of many options (value -> its words) for one parameter of the query string."""
    entries = [
        h(
            "Button",
            text,
            type="button",
            cls="vh-menu-item",
            data_query=_query(name, value, default),
            data_fixed="1",
            aria_current="true" if value == chosen else "false",
        )
        for value, text in options.items()
    ]
    name_shown = h("Span", [label, h("Span", ": ", cls="visually-hidden")], cls="vh-choice-name")
    words = [name_shown, h("Span", options[chosen], cls="vh-menu-label")]
    return h(
        "Details",
        [
            h("Summary", [*words, icon("chevron-down")], cls="vh-button"),
            h("Div", [h("Div", label, cls="vh-menu-title"), *entries], cls="vh-panel vh-choice-panel"),
        ],
        cls="vh-menu",
        key=name,
    )


def segments(name: str, label: str, options: Mapping[str, str], chosen: str, default: str) -> Plain:
    """A few options side by side, one of them in use."""
    buttons = [
        h(
            "Button",
            text,
            type="button",
            cls="vh-segment",
            data_query=_query(name, value, default),
            data_fixed="1",
            aria_pressed="true" if value == chosen else "false",
        )
        for value, text in options.items()
    ]
    return h("Div", buttons, cls="vh-segments", role="group", aria_label=label, key=name)


def toggle(name: str, label: str, *, on: bool, default: bool, tip: str = "") -> Plain:
    """Something that is shown or not; the query string says 1 or 0 where it differs from the default."""
    wanted = "" if on is not default else "0" if on else "1"
    return h(
        "Button",
        label,
        type="button",
        cls="vh-button",
        data_query=json.dumps({name: wanted}),
        data_fixed="1",
        aria_pressed="true" if on else "false",
        data_tip=tip or None,
        key=name,
    )


def _query(name: str, value: str, default: str) -> str:
    return json.dumps({name: "" if value == default else value}, separators=(",", ":"))
