"""The forms of the page, in dialogs of their own so that no refresh takes away what is being written."""

from __future__ import annotations

import dash_bootstrap_components as dbc

from app.auth.passwords import LEAST, MOST
from app.components.plain import Children, Plain, h, icon
from data.access.roles import Role, Scope

_MAY = {
    Role.VIEWER: "Viewer: look at calls and figures, export them",
    Role.OPERATOR: "Operator: also acknowledge, silence, review, run reports",
    Role.ADMIN: "Admin: everything",
}
_SCOPES = {
    Scope.INGEST: "send calls, traces and alerts",
    Scope.READ: "figures, calls, exports",
    Scope.OPERATE: "read, acknowledge, silence",
    Scope.SCRAPE: "metrics",
    Scope.ADMIN: "everything",
}


def dialogs() -> list[Plain]:
    """To add a user, set a password, make a key, forget a caller; to confirm; and to show a secret once."""
    roles = h("Select", [h("Option", text, value=role.value) for role, text in _MAY.items()], id="ad-user-role",
              cls="form-control")  # fmt: skip
    hint = f"Password, {LEAST} characters or more; without one you get a one-use link"
    ways = {
        "delete": "Delete the calls",
        "anonymise": "Keep the calls for the figures, without all that tells who it was",
    }
    how = h("Select", [h("Option", text, value=value) for value, text in ways.items()], id="ad-forget-how",
            cls="form-control")  # fmt: skip
    return [
        _dialog("user", "Add a user", [_field("ad-user-name", "Name"), _labelled("Role", roles, "ad-user-role"),
                                       _field("ad-user-password", hint, secret=True)], "Add user"),
        _dialog("password", "Set a password", [
            h("P", id="ad-password-what", cls="vh-note"),
            _field("ad-password-password", f"New password, {LEAST} characters or more", secret=True)], "Set password"),
        _dialog("key", "Make a key", [_field("ad-key-name", "Name, such as the program's"), _scopes()], "Make key"),
        _dialog("forget", "Forget a caller", [
            _field("ad-forget-caller", "Number, as it was told by the platform"),
            _labelled("How", how, "ad-forget-how"),
        ], "Look for calls"),
        _dialog("confirm", "Are you sure", [h("P", id="ad-confirm-text")], "Go on"),
        _secret(),
    ]  # fmt: skip


def _scopes() -> Plain:
    boxes = [
        h(
            "Label",
            [dbc.Checkbox(id=f"ad-scope-{scope.value}"), h("Span", [h("Strong", scope.value), f" {text}"])],
            cls="ad-scope",
            htmlFor=f"ad-scope-{scope.value}",
        )
        for scope, text in _SCOPES.items()
    ]
    return h("Fieldset", [h("Legend", "What it may do", cls="vh-note"), *boxes], cls="ad-scopes")


def _secret() -> Plain:
    code = h(
        "Div",
        [
            h("Code", id="ad-secret-code"),
            h("Button", [icon("copy"), "Copy"], type="button", cls="vh-copy", data_vh="copy", aria_label="Copy"),
        ],
        cls="vh-command",
    )
    close = h("Button", "Done", type="button", cls="vh-button vh-primary", data_admin="close")
    body = [
        h("H2", "Shown only now", cls="al-title", id="ad-secret-title"),
        h("P", id="ad-secret-what", cls="vh-note"),
        code,
        h("Div", close, cls="al-actions al-end"),
    ]
    return h(
        "Dialog", h("Div", body, cls="ad-form"), id="ad-secret", cls="al-dialog", aria_labelledby="ad-secret-title"
    )


def _dialog(name: str, title: str, body: Children, button: str) -> Plain:
    buttons = [
        h("Button", "Cancel", type="button", cls="vh-button", data_admin="close"),
        h("Button", button, type="submit", cls="vh-button vh-primary", id=f"ad-{name}-go"),
    ]
    form = h(
        "Form",
        [
            h("H2", title, cls="al-title", id=f"ad-{name}-title"),
            *body,
            h("P", id=f"ad-{name}-error", cls="vh-field-error", role="alert"),
            h("Div", buttons, cls="al-actions al-end"),
        ],
        cls="ad-form",
        data_admin_form=name,
    )
    return h("Dialog", form, id=f"ad-{name}", cls="al-dialog", aria_labelledby=f"ad-{name}-title")


def _field(field_id: str, label: str, *, secret: bool = False) -> Plain:
    kind, complete = ("password", "new-password") if secret else ("text", "off")
    most = MOST if secret else 100
    field = dbc.Input(id=field_id, type=kind, size="sm", maxLength=most, autoComplete=complete)
    return _labelled(label, field, field_id)


def _labelled(label: str, field: Children, field_id: str) -> Plain:
    return h("Label", [label, field], cls="vh-field", htmlFor=field_id)
