"""Component ids of the table of calls."""

from __future__ import annotations

TOTAL = "ca-total"
EMPTY = "ca-empty"
GRID = "ca-grid"
EXPORT = "ca-export"
