"""Component ids of the service level, each also a part of its refresh."""

from __future__ import annotations

KPIS = ("sl-level", "sl-asa", "sl-abandoned", "sl-offered", "sl-p95", "sl-longest", "sl-occupancy", "sl-peak")
CHOICES = "sl-choices"
FORMULA = "sl-formula"
EMPTY = "sl-empty"
COURSE = "sl-course"
WAITS = "sl-waits"
QUEUES = "sl-queues"
BUSY = "sl-busy"
OCCUPANCY = "sl-occupancy-rows"
HEAT_HEAD = "sl-heat-head"
HEAT = "sl-heat"
