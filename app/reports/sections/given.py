"""What all parts of a report are made from."""

from __future__ import annotations

from dataclasses import dataclass

from app.figures.axis import TimeAxis
from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.queries.kpis import KpiReport
from data.record import Record
from data.times import DAY, Buckets, buckets


@dataclass(frozen=True, slots=True)
class Given:
    """Where to ask, about which calls; `step`: the width of a bar in microseconds; `now`: UTC microseconds."""

    copy: AnalyticCopy
    record: Record
    chosen: CallFilter
    figures: KpiReport
    currency: str | None
    step: int
    now: int

    @property
    def grid(self) -> Buckets:
        """The bars of the period."""
        assert self.chosen.start is not None and self.chosen.end is not None
        return buckets(self.chosen.start, self.chosen.end, self.step, self.chosen.zone)

    @property
    def axis(self) -> TimeAxis:
        """The same on the zone's clock."""
        grid = self.grid
        return TimeAxis(list(grid.starts), self.step, self.chosen.zone, self.now, grid.end)

    @property
    def unit(self) -> str:
        """The unit of the first column of a table over time."""
        return "day" if self.step >= DAY else "hour"

    @property
    def total(self) -> int:
        """Calls that count."""
        return int(self.figures.current["total_calls"] or 0)
