"""Component ids of the outcomes, each also a part of its refresh."""

from __future__ import annotations

EMPTY = "oc-empty"
REASONS = "oc-reasons"
FUNNEL = "oc-funnel"
EARLY = "oc-early"
RATINGS = "oc-ratings"
SENTIMENTS = "oc-sentiments"
COSTS = "oc-costs"
PRICES = "oc-prices"
REPEATS = "oc-repeats"
