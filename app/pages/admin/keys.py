"""API keys: scopes, last use, and their end."""

from __future__ import annotations

from collections.abc import Sequence

from app.components.plain import Children, Plain, h
from app.pages.admin.words import ago, ask, card, day, opens, rows
from app.pages.alerts.words import tag
from data.access.keys import Key

_USERS = ("Programs that use it are", "Screens that its link opened are")


def keys(found: Sequence[Key], zone: str) -> list[Plain]:
    """The keys of programs, those of wall screens, and those that are revoked."""
    used = [key for key in found if key.revoked_at is None and key.view is None]
    screens = [key for key in found if key.revoked_at is None and key.view is not None]
    over = [key for key in found if key.revoked_at is not None]
    make = opens("Make a key", "key", cls="vh-button vh-primary")
    nothing = "No program has a key yet. One with scope ingest may send calls, one with scope read may fetch figures."
    shown = [card("API keys", len(used), rows([_row(key, zone) for key in used], "keys", nothing), make)]
    if screens:
        listed = rows([_row(key, zone) for key in screens], "keys", "")
        note = "A link is made on the page that it is to show, in the menu Views."
        shown.append(card("Wall screens", len(screens), listed, note=note))
    if over:
        shown.append(card("Revoked", len(over), rows([_row(key, zone) for key in over], "keys", "")))
    return shown


def _purpose(key: Key) -> Plain:
    if key.view is not None:
        return h("Span", key.view, cls="ad-marks ad-fact ad-text")
    return h("Span", [tag(scope) for scope in sorted(key.scopes)], cls="ad-marks")


def _row(key: Key, zone: str) -> Plain:
    used: Children = ["used ", ago(key.used_at, zone)] if key.used_at else "never used"
    end: Children = f"revoked {day(key.revoked_at, zone)}" if key.revoked_at is not None else ask(
        "Revoke", "DELETE", f"/api/admin/keys/{key.id}",
        confirm=f"Revoke the key {key.name}? {_USERS[key.view is not None]} refused within five seconds, for good.",
    )  # fmt: skip
    return h(
        "Li",
        [
            h("Span", [key.name, h("Code", f"{key.prefix}…", cls="ad-code")], cls="ad-name"),
            _purpose(key),
            h("Span", used, cls="ad-fact"),
            h("Span", f"by {key.created_by}, {day(key.created_at, zone)}", cls="ad-fact ad-wide"),
            h("Span", end, cls="ad-buttons" if key.revoked_at is None else "ad-buttons ad-fact"),
        ],
        cls="ad-row",
        key=str(key.id),
    )
