"""Component ids of the trends, each also a part of its refresh."""

from __future__ import annotations

CHOICES = "tr-choices"
EMPTY = "tr-empty"
HEAD = "tr-head"
CHART = "tr-chart"
WHOLE_HEAD = "tr-whole-head"
WHOLE = "tr-whole"
HEAT_HEAD = "tr-heat-head"
HEAT = "tr-heat"
