"""What keeps an installation from working, found by looking: a line a thing, each with what to do."""

from __future__ import annotations

from collections.abc import Iterator

from app.doctor import links, machine, store
from app.doctor.finding import Finding, State
from app.settings import Settings

__all__ = ["Finding", "State", "examine"]


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything, one after the other; nothing is changed, sent or created."""
    yield from machine.findings(settings)
    yield from store.findings(settings)
    yield from links.findings(settings)
