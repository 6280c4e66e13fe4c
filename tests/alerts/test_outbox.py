"""Receivers that fail, hang or ask for patience: nothing is lost, nobody else waits, the order stays."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from alerts import outbox
from alerts.outbox import Delivery, Outbox, Status
from alerts.receivers import SendError, email
from data.migrations import migrate
from data.models import outbox as table
from data.record import Record
from tests.alerts.delivering import Delivering
from tests.alerts.hook import Answer, Hook, ids
from tests.alerts.mailbox import mailbox
from tests.data.support import empty_record
from tests.servers import wait_until

THREE = """
global: {{smtp_smarthost: '127.0.0.1:{mail}', smtp_from: v@h.org, smtp_require_tls: false}}
route:
  receiver: good
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
  routes:
    - {{receiver: slow, continue: true}}
    - {{receiver: mail, continue: true}}
    - {{receiver: good}}
receivers:
  - {{name: slow, webhook_configs: [{{url: '{url}slow', timeout: 20s}}]}}
  - {{name: mail, email_configs: [{{to: ops@h.org}}]}}
  - {{name: good, webhook_configs: [{{url: '{url}good'}}]}}
"""


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as made:
        yield made


Run = Callable[..., Delivering]


@pytest.fixture
def run(tmp_path: Path, hook: Hook) -> Iterator[Run]:
    made: list[Delivering] = []

    def begin(text: str = THREE, mail: int = 1, **options: Any) -> Delivering:
        made.append(Delivering(tmp_path, hook, text.replace("{mail}", str(mail)), **options))
        return made[-1]

    yield begin
    for each in made:
        each.close()


def status_of(bench: Delivering, target: str) -> list[tuple[str, int]]:
    found = [each for each in bench.notifier.deliveries() if each.target == target]
    return [(each.status.value, each.attempts) for each in reversed(found)]


@pytest.mark.parametrize("asked", [2, None])
def test_a_receiver_that_fails_is_tried_again_and_delays_no_other(hook: Hook, run: Run, asked: int | None) -> None:
    headers = {} if asked is None else {"Retry-After": str(asked)}
    hook.script("/slow", *[Answer(500 if asked is None else 429, headers)] * 2)
    with mailbox() as box:
        bench = run(mail=box.port)
        told_at = time.time()
        bench.fire(id="1")
        [good] = hook.wait_for(1, "/good")
        box.wait_for(1)
        hook.wait_for(1, "/slow")
    assert good.at - told_at < 1
    tries = [each.at for each in hook.requests if each.path == "/slow"]
    gaps = [later - earlier for earlier, later in itertools.pairwise(tries)]
    # As long as it asked for, else twice as long each time.
    assert [int(gap) for gap in gaps] == ([2, 2] if asked else [2, 4])
    wait_until(lambda: status_of(bench, "slow/webhook/0") == [("sent", 3)], "it is noted as sent")
    assert "answered 429" not in bench.notifier.receivers()[0].last.error  # type: ignore[union-attr]


def test_a_receiver_that_hangs_delays_no_other(hook: Hook, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email, "TIMEOUT_SECONDS", 1.0)
    hook.script("/slow", Answer(hang=60))
    with mailbox() as box:
        box.hang, box.answers = 60, []
        bench = run(mail=box.port)
        for number in range(5):
            before = time.monotonic()
            bench.fire(f"A{number}", id=str(number))
            assert time.monotonic() - before < 0.1, "whoever judges is not held up"
        assert {each.at - hook.requests[0].at < 1 for each in hook.wait_for(5, "/good")} == {True}
        assert len(hook.taken("/slow")) == 1
        wait_until(lambda: ("retrying", 1) in status_of(bench, "mail/email/0"), "the mail was cut")
        box.hang = 0
        box.wait_for(5)
    error = next(each.error for each in bench.notifier.deliveries() if each.target == "slow/webhook/0")
    assert error == "", "it still hangs, and is still being waited for"


def test_greylisted_mail_arrives(hook: Hook, run: Run) -> None:
    with mailbox() as box:
        box.answers = ["451 4.7.1 greylisted, come back later"]
        bench = run(mail=box.port)
        bench.fire(id="1")
        box.wait_for(1)
        assert box.asked_at[1] - box.asked_at[0] >= 2
    wait_until(lambda: status_of(bench, "mail/email/0") == [("sent", 2)], "it is noted as sent")


def test_of_several_recipients_the_greylisted_one_gets_it_later_and_the_others_once(hook: Hook, run: Run) -> None:
    with mailbox() as box:
        box.answers = ["451 4.7.1 greylisted, come back later"]
        bench = run(THREE.replace("to: ops@h.org", "to: 'ops@h.org, b@h.org'"), mail=box.port)
        bench.fire(id="1")
        box.wait_for(2)
        wait_until(lambda: status_of(bench, "mail/email/0") == [("sent", 2)], "it is noted as sent")
        assert box.recipients == [["b@h.org"], ["ops@h.org"]]


def test_a_group_is_told_in_order_and_others_of_the_receiver_go_on(hook: Hook, run: Run) -> None:
    hook.script("/slow", Answer(500))
    bench = run()
    first = bench.fire("A", id="a")
    wait_until(lambda: len([each for each in hook.requests if each.path == "/slow"]) == 1, "the first try")
    bench.end(first)
    bench.fire("B", id="b")
    assert ids(hook.wait_for(3, "/slow")) == ["b", "a", "-a"]


def test_what_is_refused_for_good_is_failed_and_told_again_at_the_groups_next_turn(hook: Hook, run: Run) -> None:
    hook.script("/slow", Answer(404, body=b"no such channel"))
    bench = run()
    bench.fire(id="1")
    assert ids(hook.wait_for(1, "/slow")) == ["1"]
    wait_until(lambda: len(status_of(bench, "slow/webhook/0")) == 2, "told again")
    first = bench.notifier.deliveries()[-1]
    failed = next(each for each in bench.notifier.deliveries() if each.status is Status.FAILED)
    assert (failed.error, failed.attempts) == ("answered 404: no such channel", 1)
    assert first.finished_at is not None


def test_a_receiver_without_its_secret_is_not_configured_and_nothing_is_kept_for_it(
    tmp_path: Path, hook: Hook, run: Run
) -> None:
    secret = tmp_path / "secret"
    text = THREE.replace("url: '{url}slow', timeout: 20s", f"url_file: '{secret}'")
    bench = run(text)
    bench.fire(id="1")
    hook.wait_for(1, "/good")
    assert [each.unready for each in bench.notifier.receivers()] == [f"no address in {secret}", "", ""]
    with pytest.raises(SendError, match="slow is not configured"):
        bench.notifier.send_test("slow")
    assert status_of(bench, "slow/webhook/0") == []
    secret.write_text(hook.url("/slow"), encoding="utf-8")
    assert ids(hook.wait_for(1, "/slow")) == ["1"], "told as soon as it can be"


def test_a_test_goes_the_same_way(hook: Hook, run: Run) -> None:
    hook.script("/good", Answer(500))
    bench = run()
    [number] = bench.notifier.send_test("good")
    [request] = hook.wait_for(1, "/good")
    assert request.body["alerts"][0]["labels"]["alertname"] == "TestNotification"
    wait_until(lambda: status_of(bench, "good/webhook/0") == [("sent", 2)], "it is noted as sent")
    assert bench.notifier.deliveries()[0].id == number
    with pytest.raises(KeyError):
        bench.notifier.send_test("nobody")


# --- the outbox alone


class Script:
    """Sends, or raises what it is told to."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.raises: list[Exception] = []
        self.lost: list[int] = []

    def send(self, delivery: Delivery) -> str:
        self.sent.append(delivery.payload)
        if self.raises:
            raise self.raises.pop(0)
        return ""

    def given_up(self, connection: Connection, delivery: Delivery) -> None:
        self.lost.append(delivery.id)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def record(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Record]:
    if request.param == "sqlite":
        made = empty_record(tmp_path / "calls.db")
    else:
        made = Record(request.getfixturevalue("postgres_database"))
        migrate(made)
    yield made
    made.close()


def put(record: Record, *texts: str, lane: str = "l", target: str = "t", at: int | None = None) -> None:
    with record.write() as connection:
        for text in texts:
            outbox.put(connection, "k", target, lane, text, int(time.time() * 1000) if at is None else at)


def rows(record: Record) -> list[Any]:
    with record.read() as connection:
        return [(row.status, row.attempts) for row in connection.execute(select(table).order_by(table.c.id))]


def test_a_row_of_a_sender_that_died_is_sent_by_the_next_one(record: Record) -> None:
    put(record, "one", "two")
    with record.write() as connection:
        claimed = {"status": "sending", "attempts": 1, "next_at": int(time.time() * 1000) + outbox.CLAIM_MS}
        connection.execute(update(table).where(table.c.payload == '"one"').values(claimed))
    script = Script()
    made = Outbox(record, {"k": script})
    made.start()
    wait_until(lambda: rows(record) == [("sent", 2), ("sent", 1)], "both are sent")
    made.stop()
    assert script.sent == ["one", "two"]


def test_two_senders_send_each_message_once(record: Record) -> None:
    texts = [str(number) for number in range(60)]
    for text in texts:
        put(record, text, lane=f"l{int(text) % 7}", target=f"t{int(text) % 3}")
    scripts = [Script(), Script()]
    both = [Outbox(record, {"k": script}) for script in scripts]
    for each in both:
        each._led = True  # as if neither had taken over from the other
        each.start()
    wait_until(lambda: {row[0] for row in rows(record)} == {"sent"}, "all are sent")
    for each in both:
        each.stop()
    assert sorted(scripts[0].sent + scripts[1].sent) == sorted(texts)


def test_a_message_that_is_too_old_is_given_up_and_the_next_one_sent(record: Record) -> None:
    put(record, "old", at=int(time.time() * 1000) - outbox.GIVE_UP_MS)
    put(record, "new")
    script = Script()
    script.raises = [SendError("away", retryable=True)]
    made = Outbox(record, {"k": script})
    made.start()
    wait_until(lambda: rows(record) == [("failed", 1), ("sent", 1)], "the old one is given up")
    made.stop()
    assert len(script.lost) == 1


def test_a_handler_that_breaks_is_tried_again(record: Record) -> None:
    put(record, "one")
    script = Script()
    script.raises = [ZeroDivisionError("bug")]
    made = Outbox(record, {"k": script})
    made.start()
    wait_until(lambda: rows(record) == [("sent", 2)], "sent at the second try")
    made.stop()


def test_nothing_is_sent_without_the_right_to(record: Record) -> None:
    put(record, "one")
    allowed: list[int] = []
    script = Script()
    made = Outbox(record, {"k": script}, lambda: bool(allowed))
    made.start()
    made.wake()
    time.sleep(0.3)
    assert rows(record) == [("waiting", 0)]
    allowed.append(1)
    wait_until(lambda: rows(record) == [("sent", 1)], "sent once allowed")
    made.stop()


def test_finished_rows_are_kept_for_a_while(record: Record) -> None:
    put(record, "one", "two")
    old = int(time.time() * 1000) - outbox.KEPT_MS - 1000
    with record.write() as connection:
        connection.execute(update(table).where(table.c.payload == '"one"').values(finished_at=old, status="sent"))
    made = Outbox(record, {"k": Script()})
    made.start()
    wait_until(lambda: rows(record) == [("sent", 1)], "only the younger one is left")
    made.stop()
