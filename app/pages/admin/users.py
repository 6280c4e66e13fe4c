"""Users: role, last use, and what can be changed about each."""

from __future__ import annotations

from collections.abc import Sequence

from app.components.plain import Children, Plain, h, icon
from app.pages.admin.words import ago, ask, card, day, opens, rows
from app.pages.alerts.words import tag
from data.access.roles import Role
from data.access.sessions import Listed
from data.access.users import User

_TINTS = {Role.ADMIN: "abandoned", Role.OPERATOR: "good", Role.VIEWER: "quiet"}
_LINK = "Whoever opens this link within a day sets the password, once. Send it to {name} only."


def users(found: Sequence[User], sessions: Sequence[Listed], zone: str) -> list[Plain]:
    """The card of users, by name."""
    add = opens("Add user", "user", cls="vh-button vh-primary")
    listed = [_row(user, [each for each in sessions if each.name == user.name], zone) for user in found]
    nobody = "Nobody has an account: this server asks for no sign-in."
    return [card("Users", len(found), rows(listed, "users", nobody), add)]


def _row(user: User, sessions: Sequence[Listed], zone: str) -> Plain:
    seen: Children = "not signed in"
    if sessions:
        count = f" · {len(sessions)} sessions" if len(sessions) > 1 else ""
        seen = ["seen ", ago(max(each.seen_at for each in sessions), zone), count]
    marks = [tag(user.role, _TINTS[user.role]), *([tag("disabled", "error")] if user.disabled else [])]
    return h(
        "Li",
        [
            h("Span", user.name, cls="ad-name"),
            h("Span", marks, cls="ad-marks"),
            h("Span", seen, cls="ad-fact"),
            h("Span", f"since {day(user.created_at, zone)}", cls="ad-fact ad-wide"),
            h("Span", _menu(user), cls="ad-buttons"),
        ],
        cls="ad-row",
        key=user.name,
    )


def _menu(user: User) -> Plain:
    path, item = f"/api/admin/users/{user.name}", "vh-menu-item"
    entries = [
        ask(f"Make {role}", "PATCH", path, {"role": role}, cls=item,
            confirm=f"Make {user.name} {role}? It works within five seconds.")
        for role in Role if role is not user.role
    ]  # fmt: skip
    if not user.disabled:
        entries += [
            opens("Set password", "password", cls=item, data_name=user.name),
            ask("One-use link", "POST", f"{path}/link", cls=item, tell=_LINK.format(name=user.name)),
            ask("Sign out everywhere", "DELETE", f"/api/admin/sessions?user={user.name}", cls=item,
                confirm=f"End all sessions of {user.name}?"),
        ]  # fmt: skip
    verb = "Enable" if user.disabled else "Disable"
    sentence = "may sign in again" if user.disabled else "is signed out everywhere and can't come back"
    entries.append(ask(verb, "PATCH", path, {"disabled": not user.disabled}, cls=item,
                       confirm=f"{verb} {user.name}? Then {user.name} {sentence}."))  # fmt: skip
    summary = h("Summary", ["Change", icon("chevron-down")], cls="vh-button", aria_label=f"Change {user.name}")
    return h("Details", [summary, h("Div", entries, cls="vh-panel vh-right")], cls="vh-menu")
