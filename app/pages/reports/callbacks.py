"""Callbacks of the page of reports: none, the refresh and the API (assets/voicehive/reports.js) drive it."""

from __future__ import annotations

import dash


def register(pages: dash.Dash) -> None:
    """Nothing to register; every page has this entry point."""
