"""What a look at one thing says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a thing stands; only `fail` keeps the program, or what it was told to use, from working."""

    OK = "ok"
    NOTE = "note"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was seen, and what to do about it."""

    state: State
    what: str
    seen: str
    remedy: str = ""


def ok(what: str, seen: str) -> Finding:
    """All is well."""
    return Finding(State.OK, what, seen)


def note(what: str, seen: str, remedy: str = "") -> Finding:
    """Worth knowing."""
    return Finding(State.NOTE, what, seen, remedy)


def fail(what: str, seen: str, remedy: str) -> Finding:
    """Something does not work."""
    return Finding(State.FAIL, what, seen, remedy)
