"""The name of a browser, for people; what a program calls itself is shown as it is."""

from __future__ import annotations

#: In this order: a browser also names those that it wants to be taken for.
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def agent_name(text: str) -> str:
    """ "Firefox on Linux" of a User-Agent header."""
    if not text.startswith("Mozilla/"):
        return text[:60] or "Unknown program"
    browser = next((name for mark, name in _BROWSERS if mark in text), "Browser")
    system = next((name for mark, name in _SYSTEMS if mark in text), "")
    return f"{browser} on {system}" if system else browser
