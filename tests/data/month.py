"""A month of generated calls in a copy and as a plain frame, for tests that compare the two."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from data.analytics import AnalyticCopy
from data.demo.history import generate
from data.filters import CallFilter
from data.migrations import migrate
from data.record import Record
from data.times import DAY
from data.writer import apply
from tests.data.support import T0, hash_caller

MONTH_END = T0 + 30 * DAY


@dataclass(frozen=True)
class Month:
    """30 days of 200 calls until MONTH_END; every 50th is invalid."""

    copy: AnalyticCopy
    frame: pd.DataFrame

    def counted(self, chosen: CallFilter) -> pd.DataFrame:
        """The counted calls of the filter's range."""
        frame = self.frame
        inside = (frame.started_at >= (chosen.start or 0)) & (frame.started_at < (chosen.end or 2**60))
        return frame[inside & ~frame.status.isin(["invalid", "in_progress"])]


def month(folder: Path) -> Iterator[Month]:
    """The body of a fixture."""
    record = Record(f"sqlite:///{folder / 'month.db'}")
    migrate(record)
    chunks = generate(end=MONTH_END, days=30, calls_per_day=200, hash_caller=hash_caller)
    events = list(itertools.chain.from_iterable(chunks))
    for event in events[::50]:
        event["status"] = "invalid"
    apply(record, events)
    copy = AnalyticCopy(record, None)
    yield Month(copy, pd.DataFrame(events))
    copy.close()
    record.close()
