"""The menu of saved views (assets/voicehive/views.js), and of wall screens that show one (screens.js)."""

from __future__ import annotations

import dash_bootstrap_components as dbc

from app.components.plain import Children, Plain, h, icon


def views_menu() -> Plain:
    """Pages and filters that were kept under a name, and links that open one where nobody signs in."""
    shared = h(
        "Label",
        [dbc.Checkbox(id="vh-view-shared"), h("Span", "For everybody")],
        cls="vh-view-shared",
        htmlFor="vh-view-shared",
    )
    panel = [
        h("Div", "Saved views", cls="vh-menu-title"),
        h("Div", id="vh-views", cls="vh-views"),
        _form("view", "Save this page as", [shared], "Save"),
        h("Div", _screens(), cls="vh-screens-box vh-needs-operate"),
    ]
    return h(
        "Details",
        [
            h("Summary", [icon("bookmark"), h("Span", "Views")], cls="vh-button", aria_label="Saved views"),
            h("Div", panel, cls="vh-panel vh-views-panel"),
        ],
        cls="vh-menu",
        id="vh-views-menu",
    )


def _screens() -> list[Plain]:
    copy = h("Button", [icon("copy"), "Copy"], type="button", cls="vh-copy", data_vh="copy", aria_label="Copy")
    made = [
        h("P", "Open this link on the screen. It is shown only now.", cls="vh-note"),
        h("Div", [h("Code", id="vh-screen-link"), copy], cls="vh-command"),
    ]
    return [
        h("Div", "Wall screens", cls="vh-menu-title"),
        h("Div", id="vh-screens", cls="vh-views"),
        _form("screen", "Show this page, without sign-in, on", [], "Make a link"),
        h("Div", made, id="vh-screen-made", hidden=True),
    ]


def _form(name: str, label: str, more: list[Plain], button: str) -> Plain:
    field: Children = dbc.Input(id=f"vh-{name}-name", size="sm", maxlength=100, placeholder="Name")
    content = [
        h("Label", [label, field], cls="vh-field", htmlFor=f"vh-{name}-name"),
        *more,
        h("P", id=f"vh-{name}s-error", cls="vh-field-error", role="alert"),
        h("Button", button, type="submit", cls="vh-button vh-primary"),
    ]
    return h("Form", content, cls="vh-range-form", data_form=name)
