"""Sends what a run made, called by the outbox: a channel that took it already is not asked again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from alerts.outbox import Delivery
from alerts.receivers.errors import SendError
from app.reports.delivery import Parcel, Ways
from app.reports.delivery.bucket import upload
from app.reports.delivery.folder import write
from app.reports.delivery.hook import call
from app.reports.delivery.post import send
from app.reports.links import Links
from data.record import Record
from data.reporting import runs
from data.reporting.runs import Run, RunStatus
from data.times import now_micros

#: The kind of these messages in the outbox.
KIND = "report"
#: The file of a run that holds its mail.
MESSAGE = "message.eml"


class Sending:
    """Hands runs over; on_done is told what became of a run."""

    def __init__(self, record: Record, ways: Ways, links: Links, clock: Callable[[], int] = now_micros) -> None:
        self._record, self._ways, self._links, self._clock = record, ways, links, clock
        self.on_done: Callable[[RunStatus], object] = lambda status: None

    def send(self, delivery: Delivery) -> str:
        """Deliver one channel of a run; what went wrong all the same. Raises SendError."""
        channel = str(delivery.payload["channel"])
        with self._record.read() as connection:
            run = runs.find(connection, int(delivery.payload["run"]))
            if run is None:
                raise SendError("the run is not in the ledger any more", retryable=False)
            if run.delivered.get(channel) == "":
                return ""
            parcel = self._parcel(connection, run, delivery.payload.get("only", ()))
        try:
            said = self._deliver(channel, parcel)
        except SendError as error:
            with self._record.write() as connection:
                runs.put_off(connection, run.id, f"{channel}: {error}")
            raise
        with self._record.write() as connection:
            self._done(connection, run.id, channel, "", delivery.attempts)
        return "; ".join(filter(None, (delivery.payload.get("refused", ""), said)))

    def given_up(self, connection: Connection, delivery: Delivery) -> None:
        """It did not arrive."""
        error = delivery.error or "nobody took it"
        run, channel = int(delivery.payload["run"]), str(delivery.payload["channel"])
        self._done(connection, run, channel, error, delivery.attempts)

    def _done(self, connection: Connection, run_id: int, channel: str, error: str, tries: int) -> None:
        status = runs.delivered(connection, run_id, channel, error, self._clock(), tries=tries)
        if status in (RunStatus.DONE, RunStatus.FAILED):
            self.on_done(status)

    def _parcel(self, connection: Connection, run: Run, only: Sequence[str]) -> Parcel:
        names = runs.files_of(connection, [run.id])[run.id]
        found = {name: runs.file(connection, run.id, name) or b"" for name in names}
        message = found.pop(MESSAGE, b"")
        return Parcel(
            run_id=run.id,
            schedule=run.plan.name,
            period=run.plan.period,
            day=run.day,
            files=found,
            links={name: self._links.made(run.id, name) for name in found},
            message=message,
            recipients=tuple(run.plan.recipients),
            only=tuple(only),
            note=run.note,
        )

    def _deliver(self, channel: str, parcel: Parcel) -> str:
        if missing := self._ways.missing(channel):
            raise SendError(f"{missing} is not set", retryable=False)
        ways = self._ways
        match channel:
            case "mail" if ways.smtp_url is not None:
                return send(parcel, ways.smtp_url)
            case "folder" if ways.folder is not None:
                return write(parcel, ways.folder)
            case "bucket" if ways.bucket_url is not None:
                return upload(parcel, ways.bucket_url)
            case "webhook" if ways.webhook_url is not None:
                return call(parcel, ways.webhook_url)
        raise SendError(f"there is no channel {channel}", retryable=False)
