"""Component ids of the page of reports, each also a part of its refresh."""

from __future__ import annotations

SCHEDULES = "rp-schedules"
LEDGER = "rp-ledger"
