"""Callbacks of the overview: none of its own, the shell's refresh and filters drive it."""

from __future__ import annotations

import dash


def register(pages: dash.Dash) -> None:
    """Nothing to register yet; every page has this entry point."""
