"""The forms of the page, in dialogs of their own so that no refresh takes away what is being written."""

from __future__ import annotations

import dash_bootstrap_components as dbc

from app.components.plain import Children, Plain, h

_DURATIONS = {"30m": "30 minutes", "1h": "1 hour", "2h": "2 hours", "4h": "4 hours", "8h": "8 hours", "24h": "1 day",
              "72h": "3 days", "168h": "1 week"}  # fmt: skip


def dialogs(name: str) -> list[Plain]:
    """To acknowledge, and to silence; `name` is that of a person who is signed in, else it is asked for."""
    return [_acknowledge(name), _silence(name)]


def _acknowledge(name: str) -> Plain:
    return _dialog(
        "ack",
        "Acknowledge",
        [
            h("P", id="al-ack-what", cls="vh-note"),
            _who("al-ack-who", name),
            _text("al-ack-comment", "Comment", "What you know or do about it"),
        ],
        "Acknowledge",
    )


def _silence(name: str) -> Plain:
    choices = [h("Option", label, value=value) for value, label in _DURATIONS.items()]
    lasting = h("Select", choices, id="al-silence-duration", cls="form-control")
    return _dialog(
        "silence",
        "Silence alerts",
        [
            _text("al-silence-matchers", "Matchers, one a line; all must hold", 'severity="warning"', rows=4),
            h("Div", id="al-silence-preview", cls="al-preview", role="status"),
            h("Label", ["Duration", lasting], cls="vh-field", htmlFor="al-silence-duration"),
            _who("al-silence-who", name),
            _text("al-silence-comment", "Comment", "Why nobody need be told"),
        ],
        "Silence",
    )


def _dialog(name: str, title: str, body: Children, button: str) -> Plain:
    buttons = [
        h("Button", "Cancel", type="button", cls="vh-button", data_alert="close"),
        h("Button", button, type="submit", cls="vh-button vh-primary"),
    ]
    form = h(
        "Form",
        [
            h("H2", title, cls="al-title", id=f"al-{name}-title"),
            *body,
            h("P", id=f"al-{name}-error", cls="vh-field-error", role="alert"),
            h("Div", buttons, cls="al-actions al-end"),
        ],
        data_dialog=name,
    )
    return h("Dialog", form, id=f"al-{name}", cls="al-dialog", aria_labelledby=f"al-{name}-title")


def _who(field_id: str, name: str) -> Plain:
    known = {"value": name, "readonly": True} if name else {"placeholder": "Your name"}
    field = dbc.Input(id=field_id, type="text", size="sm", maxLength=200, autoComplete="name", **known)
    return h("Label", ["Your name", field], cls="vh-field", htmlFor=field_id)


def _text(name: str, label: str, hint: str, rows: int = 2) -> Plain:
    field = h("Textarea", id=name, rows=rows, maxLength=2000, placeholder=hint, cls="form-control", spellCheck=False)
    return h("Label", [label, field], cls="vh-field", htmlFor=name)
