"""Callbacks of the page of the system: none of its own, the shell's refresh and the query string drive it."""

from __future__ import annotations

import dash


def register(pages: dash.Dash) -> None:
    """Nothing to register; every page has this entry point."""
