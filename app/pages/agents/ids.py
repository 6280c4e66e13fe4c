"""Component ids of the agents, each also a part of its refresh."""

from __future__ import annotations

EMPTY = "ag-empty"
# All of them side by side
BOARD = "ag-board"
TABLE = "ag-table"
SPREAD = "ag-spread"
VERSIONS = "ag-versions"
# One of them
ONE = "ag-one"
NAME = "ag-name"
KPIS = (
    "ag-calls",
    "ag-success",
    "ag-handle",
    "ag-p95",
    "ag-csat",
    "ag-cost",
    "ag-latency",
    "ag-error",
)
VOLUME = "ag-volume"
DURATIONS = "ag-durations"
HISTOGRAM = "ag-histogram"
REASONS = "ag-reasons"
PAIR = "ag-pair"
FEED = "ag-feed"
