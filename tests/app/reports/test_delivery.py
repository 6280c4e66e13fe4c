"""What leaves: mail by a real mail server with its parts and files intact, folders, buckets, webhooks, links."""

from __future__ import annotations

import io
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from openpyxl import load_workbook
from pydantic import SecretStr
from sqlalchemy import delete

from alerts.outbox import Outbox, last_deliveries, put, waiting
from alerts.receivers.errors import SendError
from app.reports.content import Report
from app.reports.delivery import Parcel, Ways
from app.reports.delivery.bucket import upload
from app.reports.delivery.folder import write
from app.reports.files import Files, Form, made
from app.reports.links import Links
from app.reports.making import Maker
from app.reports.scheduler import Scheduler
from app.reports.sending import KIND, Sending
from data.analytics import AnalyticCopy
from data.importer import Source, import_file
from data.lease import Lease
from data.models import outbox
from data.record import Record
from data.reporting import runs, schedules
from data.reporting.runs import Run, RunStatus
from data.reporting.schedules import Plan
from data.times import from_datetime, now_micros
from tests.alerts.hook import Hook
from tests.app.reports.bucket import bucket
from tests.app.reports.conftest import ZONE
from tests.data.support import empty_record
from tests.servers import free_port, require, wait_until

FEBRUARY = from_datetime(datetime(1999, 2, 1, 8, tzinfo=UTC))
PLAN = Plan("Bank, all", "monthly", ZONE, "", ["xlsx", "csv"], ["ann@example.org", "bob@example.org"], [], "0 7 1 * *")


class Mailbox:
    """Takes mail, after it has refused some for now; `later`: whom it knows at the second try only."""

    def __init__(self, refusals: int = 0, later: str = "") -> None:
        self.refusals, self.later = refusals, later
        self.taken: list[tuple[str, list[str], bytes]] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address == self.later:
            self.later = ""
            return "451 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refusals:
            self.refusals -= 1
            return "451 come back later"
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 taken"


class Office:
    """Everything that makes and sends reports of the bank, working."""

    def __init__(self, record: Record, ways: Ways) -> None:
        self.record = record
        lease = Lease(record, "alerting", "here", 3600)
        lease.renew()
        links = Links(b"k" * 32, "http://hive.example.org")
        self.copy = AnalyticCopy(record, None)
        self.sending = Sending(record, ways, links)
        self.outbox = Outbox(record, {KIND: self.sending})
        self.scheduler = Scheduler(record, lease, Maker(record, self.copy, links), self.outbox.wake)
        # A line of 1999 is older than the ledger goes.
        self.scheduler._pruned_at = now_micros()
        self.outbox.start()

    def ask(self, plan: Plan) -> int:
        """Ask for a report as in February 1999, and make it."""
        schedule = schedules.add(self.record, replace(plan, paused=True), "ann", FEBRUARY)
        self.scheduler._clock = lambda: FEBRUARY
        number = self.scheduler.ask(schedule, "ann")
        self.scheduler._clock = now_micros
        while self.scheduler.tick():
            pass
        return number

    def run(self, plan: Plan) -> Run:
        """Make a report as of then, and wait until it went out."""
        number = self.ask(plan)

        def over() -> bool:
            with self.record.read() as connection:
                run = runs.find(connection, number)
            return run is not None and run.finished_at is not None

        wait_until(over, "the report went out")
        with self.record.read() as connection:
            found = runs.find(connection, number)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, datasets: Path) -> Iterator[Record]:
    folder = tmp_path_factory.mktemp("office")
    record = empty_record(folder / "bank.db")
    path = datasets / "anonymous_bank_1999" / "calls_1999_01.cdr.csv.gz"
    import_file(record, path, Source(b"k" * 32, zone=ZONE), file_format="csv", rejects=folder / "rejects.csv")
    yield record
    record.close()


@pytest.fixture
def open_office(filled: Record) -> Iterator[Any]:
    offices: list[Office] = []

    def opened(**ways: Any) -> Office:
        offices.append(Office(filled, Ways(**ways)))
        return offices[-1]

    yield opened
    for office in offices:
        office.outbox.stop()
        office.copy.close()
    with filled.write() as connection:
        # What one test leaves unsent is not for the mail server of the next.
        connection.execute(delete(outbox))


def serving(box: Mailbox) -> Controller:
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    return controller


def smtp(controller: Controller) -> SecretStr:
    return SecretStr(f"smtp://127.0.0.1:{controller.port}?from=hive@example.org")


def test_who_is_refused_for_now_gets_the_report_later_and_the_others_once(open_office: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("app.reports.making.made", _without_pictures)
    box = Mailbox(later="ann@example.org")
    controller = serving(box)
    try:
        run = open_office(smtp_url=smtp(controller)).run(replace(PLAN, forms=["csv"]))
    finally:
        controller.stop()
    assert (run.status, run.tries) == (RunStatus.DONE, 2)
    assert [recipients for _, recipients, _ in box.taken] == [["bob@example.org"], ["ann@example.org"]]


@pytest.mark.slow
def test_a_mail_arrives_with_all_its_parts(open_office: Any, expected: Any) -> None:
    require("chromium")
    box = Mailbox()
    controller = serving(box)
    try:
        plan = replace(PLAN, forms=["html", "pdf", "xlsx", "csv"], query="queue=NW&queue=PS")
        run = open_office(smtp_url=smtp(controller)).run(plan)
    finally:
        controller.stop()
    assert (run.status, run.error, run.tries) == (RunStatus.DONE, "", 1)
    ((sender, recipients, content),) = box.taken
    assert (sender, recipients) == ("hive@example.org", ["ann@example.org", "bob@example.org"])
    mail: Any = message_from_bytes(content, policy=default)
    assert mail["Subject"] == "Bank, all: January 1999"
    assert mail["To"] == "ann@example.org, bob@example.org"
    text = mail.get_body(("plain",)).get_content()
    page = mail.get_body(("html",)).get_content()
    total = expected["calls_by_queue"]["NW"] + expected["calls_by_queue"]["PS"]
    for body in (text, page):
        assert f"{total:,}" in body and "Queue: NW or PS" in body
    assert all(len(line) < 998 for line in content.splitlines())
    pictures = {part["Content-ID"]: part for part in mail.walk() if part.get_content_type() == "image/png"}
    assert {f"<{name}>" for name in _cids(page)} == pictures.keys() and "<volume@voicehive>" in pictures
    files = {part.get_filename(): part for part in mail.iter_attachments()}
    with open_office().record.read() as connection:
        kept = {name: runs.file(connection, run.id, name) for name in runs.files_of(connection, [run.id])[run.id]}
    for name in files:
        assert files[name].get_payload(decode=True) == kept[name], name
    assert [name.rpartition(".")[2] for name in files] == ["html", "pdf", "xlsx", "csv"]
    book = load_workbook(io.BytesIO(files["monthly-call-report-1999-01-01.xlsx"].get_content()))
    assert book["Key figures"]["B2"].value == total


def _cids(page: str) -> set[str]:
    return {piece.partition('"')[0] for piece in page.split('src="cid:')[1:]}


def test_a_server_that_refuses_for_now_gets_it_later_and_once(open_office: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("app.reports.making.made", _without_pictures)
    box = Mailbox(refusals=2)
    controller = serving(box)
    try:
        office = open_office(smtp_url=smtp(controller))
        run = office.run(PLAN)
        with office.record.write() as connection:
            # What was sent is put into the outbox once more, as after a crash between sending and noting it.
            put(connection, KIND, "report/mail", "again", {"run": run.id, "channel": "mail"}, 0)
        office.outbox.wake()
        wait_until(lambda: _all_sent(office.record), "the outbox is empty")
    finally:
        controller.stop()
    assert (run.status, run.tries) == (RunStatus.DONE, 3)
    assert len(box.taken) == 1


def _without_pictures(report: Report, forms: Sequence[Form], *, pictures: bool) -> Files:
    """A browser takes its time."""
    return made(report, forms)


def _all_sent(record: Record) -> bool:
    with record.read() as connection:
        return waiting(connection)[0] == 0


@pytest.mark.slow
def test_a_server_that_hangs_is_cut_off_and_others_get_theirs(
    open_office: Any, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr("app.reports.making.made", _without_pictures)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = SecretStr(f"smtp://127.0.0.1:{mute.getsockname()[1]}?from=hive@example.org")
        office = open_office(smtp_url=url, folder=tmp_path)
        number = office.ask(replace(PLAN, channels=["folder"]))

        def run() -> Run:
            with office.record.read() as connection:
                found = runs.find(connection, number)
            assert found is not None
            return found

        wait_until(lambda: run().delivered.get("folder") == "", "the folder has it")
        assert run().error == "", "and did not wait for the mail"

        def retried() -> bool:
            with office.record.read() as connection:
                return "no answer within 10 s" in last_deliveries(connection)["report/mail"].error

        wait_until(retried, "the server was given up for now")
        place = f"127.0.0.1:{mute.getsockname()[1]}"
        assert (run().status, run().error) == (RunStatus.SENDING, f"mail: {place}: no answer within 10 s")


def test_nobody_takes_it_and_the_ledger_says_so(open_office: Any) -> None:
    run = open_office().run(replace(PLAN, recipients=[], channels=["folder"]))
    assert (run.status, run.error) == (RunStatus.FAILED, "folder: REPORT_DIR is not set")


def test_a_folder_and_a_webhook_with_signed_links(open_office: Any, tmp_path: Path) -> None:
    with Hook() as hook:
        office = open_office(folder=tmp_path, webhook_url=SecretStr(hook.url()))
        run = office.run(replace(PLAN, recipients=[], channels=["folder", "webhook"]))
        (asked,) = hook.wait_for(1)
    assert run.status is RunStatus.DONE
    names = sorted(path.name for path in (tmp_path / "bank-all").iterdir())
    assert names == ["monthly-call-report-1999-01-01.csv", "monthly-call-report-1999-01-01.xlsx"]
    told = asked.body
    assert (told["schedule"], told["from"]) == ("Bank, all", "1999-01-01")
    token = told["files"][0]["url"].rpartition("/")[2]
    links = Links(b"k" * 32, "")
    assert links.read(token) == (run.id, told["files"][0]["name"])
    assert links.read(token[:-2]) is None and Links(b"other" * 8, "").read(token) is None


def test_a_link_ends_after_a_week(monkeypatch: pytest.MonkeyPatch) -> None:
    links = Links(b"k" * 32, "http://here")
    made = links.made(7, "a.csv").rpartition("/")[2]
    now = time.time()
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now + 7 * 86_400 - 60)
    assert links.read(made) == (7, "a.csv")
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now + 7 * 86_400 + 60)
    assert links.read(made) is None


def parcel() -> Parcel:
    return Parcel(1, "Bank, all", "monthly", date(1999, 1, 1), {"a.csv": b"x"}, {"a.csv": "l"})


def test_a_folder_that_can_not_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SendError) as error:
        write(parcel(), tmp_path / "file")
    assert error.value.retryable


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "minio", None)
    with pytest.raises(SendError, match="pip install minio") as error:
        upload(parcel(), SecretStr("http://k:s@127.0.0.1:1/bucket"))
    assert not error.value.retryable


def test_a_bucket_gets_the_files() -> None:
    with bucket() as store:
        upload(parcel(), store.address())
    content, signed = store.kept["/reports/calls/bank-all/a.csv"]
    assert b"x" in content and signed.startswith("AWS4-HMAC-SHA256 Credential=key/")


def test_a_bucket_that_refuses_us_says_why_and_is_asked_once() -> None:
    with bucket() as store:
        for address, says in (
            (store.address(key="other"), f"127.0.0.1:{store.port}/reports: InvalidAccessKeyId: no"),
            (store.address("nothing"), f"127.0.0.1:{store.port}/nothing: NoSuchBucket: no"),
            (store.address("x"), f"127.0.0.1:{store.port}/x: invalid bucket name x"),
        ):
            with pytest.raises(SendError) as error:
                upload(parcel(), address)
            assert (str(error.value), error.value.retryable) == (says, False)
    with pytest.raises(SendError) as error:
        upload(parcel(), store.address())
    assert error.value.retryable, "a server that is away may come back"
