"""Component ids of the overview, each also a part of its refresh."""

from __future__ import annotations

KPIS = (
    "ov-total",
    "ov-active",
    "ov-success",
    "ov-duration",
    "ov-response",
    "ov-cpu",
    "ov-memory",
    "ov-health",
)
VOLUME = "ov-volume"
DURATIONS = "ov-durations"
RESPONSE = "ov-response-chart"
LOAD = "ov-load"
FEED = "ov-feed"
EMPTY = "ov-empty"
FEED_LINES = 20
