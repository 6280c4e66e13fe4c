"""Component ids of the page of quality, each also a part of its refresh."""

from __future__ import annotations

KPIS = ("qu-p50", "qu-p95", "qu-p99", "qu-left-out", "qu-user", "qu-agent", "qu-silence", "qu-turns")
CHOICES = "qu-choices"
EMPTY = "qu-empty"
COMPOSITION = "qu-composition"
PARTS = "qu-parts"
LINES_HEAD = "qu-lines-head"
LINES = "qu-lines"
HISTOGRAM = "qu-histogram"
STAGES = "qu-stages"
TABLE_HEAD = "qu-table-head"
TABLE = "qu-table"
SLOWEST = "qu-slowest"
