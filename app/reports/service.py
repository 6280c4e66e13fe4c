"""Reports of one process: what makes, plans and sends them."""

from __future__ import annotations

from collections.abc import Callable

from alerts.outbox import Outbox
from app.reports.delivery import Ways
from app.reports.links import Links
from app.reports.making import Maker
from app.reports.scheduler import Scheduler
from app.reports.sending import KIND, Sending
from app.settings import Settings
from data.analytics import AnalyticCopy
from data.lease import Lease
from data.record import Record
from data.reporting import runs
from data.reporting.runs import Health, RunStatus
from data.times import now_micros


class Reports:
    """The parts, wired and not started yet."""

    def __init__(
        self,
        settings: Settings,
        record: Record,
        copy: AnalyticCopy,
        lease: Lease,
        outbox: Outbox,
        clock: Callable[[], int] = now_micros,
    ) -> None:
        self._record, self._clock = record, clock
        self.ways = Ways(
            settings.smtp_url, settings.report_dir, settings.report_bucket_url, settings.report_webhook_url
        )
        self.links = Links(settings.secret(), settings.address)
        self.maker = Maker(record, copy, self.links, clock)
        self.sending = Sending(record, self.ways, self.links, clock)
        self.scheduler = Scheduler(record, lease, self.maker, outbox.wake, clock=clock)
        outbox.handlers[KIND] = self.sending

    def tell(self, on_done: Callable[[RunStatus], object]) -> None:
        """Call this with what became of each run."""
        self.scheduler.on_done = self.sending.on_done = on_done

    def health(self) -> Health:
        """Whether reports arrive; raises RecordUnavailable."""
        return runs.health(self._record, self._clock())
