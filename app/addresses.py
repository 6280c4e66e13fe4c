"""Addresses of pages within the app."""

from __future__ import annotations

from urllib.parse import quote, unquote

_CALLS = "/calls/"


def call_path(source: str, call_id: str) -> str:
    """The page of a call; source and id may hold anything, slashes too."""
    return f"{_CALLS}{quote(source, safe='')}/{quote(call_id, safe='')}"


def call_of(path: str) -> tuple[str, str] | None:
    """Source and id of the call whose page has this address; None if it is no such page."""
    if not path.startswith(_CALLS):
        return None
    source, _, call_id = path.removeprefix(_CALLS).partition("/")
    return (unquote(source), unquote(call_id)) if source and call_id else None
