"""Colours of what has no colour of its own: agents, queues, versions, languages."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from app.figures.volume import STATUSES
from data.filters import UNKNOWN
from data.queries.trends import OTHERS

SLOTS = 8
_DASHES = ("solid", "dash", "dot", "dashdot", "solid", "dash", "dot", "dashdot")
#: End reasons whose meaning is that of a status.
_MEANINGS = {
    "voicemail": "voicemail",
    "platform_error": "error",
    "in_progress": "in_progress",
    "positive": "success",
    "negative": "error",
    "neutral": "missed",
}
Look = tuple[str, str]


def looks(names: Iterable[str]) -> dict[str, Look]:
    """Name of a theme colour and dash of each value.

    The slot comes from the name, so a value keeps its colour from page to page; only where two would share one, the
    later in the alphabet moves on.
    """
    found: dict[str, Look] = {}
    taken: set[int] = set()
    for name in sorted(names):
        if name in STATUSES or name in _MEANINGS:
            found[name] = (_MEANINGS.get(name, name), "solid")
            continue
        if name in (OTHERS, UNKNOWN):
            found[name] = ("missed", "dot")
            continue
        slot = zlib.crc32(name.encode()) % SLOTS
        if len(taken) < SLOTS:
            while slot in taken:
                slot = (slot + 1) % SLOTS
        taken.add(slot)
        found[name] = (f"cat-{slot + 1}", _DASHES[slot])
    return found
