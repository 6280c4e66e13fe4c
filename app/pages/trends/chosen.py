"""What the reader of the trends chose, from the query string."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.kpis import KPIS
from data.queries.trends import ADDITIVE

if TYPE_CHECKING:
    from app.filters import PageFilter

DIMENSIONS = {
    "none": "All calls",
    "agent": "Agent",
    "agent_version": "Agent version",
    "queue": "Queue",
    "status": "Status",
    "direction": "Direction",
    "source": "Source",
    "end_reason_group": "End reason group",
    "end_reason": "End reason",
    "language": "Language",
    "sentiment": "Sentiment",
}
BUCKETS = {"auto": "Automatic", "15m": "15 minutes", "hour": "Hour", "day": "Day", "week": "Week", "month": "Month"}
VIEWS = {"stacked": "Stacked", "lines": "Lines", "grid": "Small charts"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A figure (of data/kpis.py), a dimension or none, a bucket, how it is drawn, and whether with the normal band."""

    metric: str
    by: str | None
    bucket: str
    view: str
    band: bool

    @property
    def default_view(self) -> str:
        """What adds up is stacked."""
        return "stacked" if self.metric in ADDITIVE else "lines"

    @classmethod
    def of(cls, page: PageFilter) -> Chosen:
        """Raises BadFilter."""
        metric = page.choice("metric", KPIS, "total_calls")
        by = page.choice("by", DIMENSIONS, "none")
        view = page.choice("view", VIEWS, "stacked")
        if view == "stacked" and metric not in ADDITIVE:
            view = "lines"
        return cls(
            metric=metric,
            by=None if by == "none" else by,
            bucket=page.choice("bucket", BUCKETS, "auto"),
            view=view,
            band=page.choice("band", ("0", "1"), "1") == "1",
        )
