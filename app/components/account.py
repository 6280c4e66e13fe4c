"""The account's menu in the navigation: who one is, and the way out."""

from __future__ import annotations

from app.auth.identity import Identity
from app.components.plain import Plain, h, icon


def account_menu(who: Identity | None) -> list[Plain]:
    """The menu; nothing for who is no person that signed in."""
    if who is None or who.user_id is None:
        return []
    items = [
        h("Div", [h("Strong", who.name), h("Span", who.role.capitalize())], cls="vh-account-name"),
        h("A", "Account", href="/account", cls="vh-menu-item"),
        h(
            "Form",
            h("Button", "Sign out", type="submit", cls="vh-menu-item"),
            action="/logout",
            method="post",
        ),
    ]
    summary = h("Summary", icon("person"), cls="vh-button vh-quiet vh-icon-button", aria_label=f"Account of {who.name}")
    return [h("Details", [summary, h("Div", items, cls="vh-panel vh-right")], cls="vh-menu", id="vh-account")]
