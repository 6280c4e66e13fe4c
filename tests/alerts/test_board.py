"""Alerts with all that is known of them, of rules and of others, and who is told of them when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest

from alerts.annotations import expand
from alerts.board import Board, BoardAlert
from alerts.dispatch.matchers import Matcher
from alerts.dispatch.silence import Silence
from alerts.notifier import Notifier
from alerts.outside import Origin, OutsideAlert
from alerts.running import Rules
from data.lease import Lease
from data.migrations import migrate
from data.record import Record
from data.samples.store import SampleStore
from tests.alerts.delivering import Delivering, now_ms
from tests.alerts.hook import Hook
from tests.servers import wait_until

RULES = "groups:\n  - name: g\n    rules:\n      - {alert: Own, expr: vector(1), labels: {severity: warning}}\n"
ROUTES = """
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
inhibit_rules:
  - {{source_matchers: [severity = critical], target_matchers: [severity = warning]}}
receivers:
  - {{name: hook, webhook_configs: [{{url: '{url}'}}]}}
"""
HOUR = 3_600_000


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as made:
        yield made


@pytest.fixture
def delivering(tmp_path: Path, hook: Hook) -> Iterator[Delivering]:
    made = Delivering(tmp_path, hook, ROUTES)
    yield made
    made.close()


@pytest.fixture
def board(tmp_path: Path, delivering: Delivering) -> Board:
    """A board over rules that were judged once: Own fires."""
    (tmp_path / "rules.yml").write_text(RULES, encoding="utf-8")
    rules = Rules(tmp_path / "rules.yml", SampleStore(tmp_path / "s.sqlite"), delivering.record, expand)
    rules.evaluate(now_ms())
    return Board(delivering.record, rules, delivering.notifier)


def posted(name: str, *, origin: Origin = Origin.PROMETHEUS, lasts: int = HOUR, **labels: str) -> OutsideAlert:
    now = now_ms()
    return OutsideAlert(origin, {"alertname": name, **labels}, {"summary": name}, now, now + lasts, "", now)


def told(hook: Hook) -> list[tuple[str, str]]:
    return [(each.body["groupLabels"]["alertname"], each.body["status"]) for each in hook.taken()]


def by_name(board: Board) -> dict[str, BoardAlert]:
    return {alert.name: alert for alert in board.alerts(now_ms())}


def test_what_is_posted_is_told_and_so_is_its_end(board: Board, hook: Hook) -> None:
    board.take([posted("Disk", severity="critical")], now_ms())
    (first,) = hook.wait_for(1)
    assert first.body["alerts"][0]["labels"]["alertname"] == "Disk"
    over = posted("Disk", severity="critical", lasts=0)
    board.take([over], now_ms())
    hook.wait_for(2)
    assert hook.taken()[-1].body["status"] == "resolved"


def test_what_is_posted_outlives_a_restart_and_ends_by_itself(board: Board, delivering: Delivering, hook: Hook) -> None:
    board.take([posted("Disk", lasts=3_000)], now_ms())
    hook.wait_for(1)
    delivering.stop()
    delivering.begin()
    wait_until(lambda: ("Disk", "resolved") in told(hook), "its end is told")
    assert told(hook).count(("Disk", "firing")) == 1
    assert by_name(board)["Disk"].state == "resolved"


def test_an_alertmanager_s_alerts_are_shown_and_not_told(board: Board, hook: Hook) -> None:
    board.take([posted("Theirs", origin=Origin.ALERTMANAGER), posted("Ours")], now_ms())
    hook.wait_for(1)
    assert told(hook) == [("Ours", "firing")]
    found = by_name(board)
    assert (found["Theirs"].receivers, found["Theirs"].next_at) == ((), None)
    assert found["Ours"].receivers == ("hook",)


def test_the_next_notification_is_the_repeat_once_all_were_told(board: Board, hook: Hook) -> None:
    board.take([posted("Disk")], now_ms())
    hook.wait_for(1)

    def due() -> int:
        return by_name(board)["Disk"].next_at or 0

    wait_until(lambda: due() > now_ms() + HOUR - 60_000, "the repeat is known")
    assert due() < now_ms() + HOUR + 5_000


def test_nobody_is_told_of_what_is_muted(board: Board, hook: Hook) -> None:
    assert by_name(board)["Own"].inhibited_by == ()
    board.take([posted("Disk", severity="critical")], now_ms())
    hook.wait_for(1)
    found = by_name(board)
    assert found["Own"].inhibited_by == (found["Disk"].fingerprint,)
    assert found["Own"].next_at is None
    silence = Silence((Matcher("alertname", "=", "Disk"),), now_ms(), now_ms() + HOUR, "Ada", "known")
    stored = board.set_silence(silence, now_ms())
    assert by_name(board)["Disk"].silenced_by == (stored.id,)
    assert by_name(board)["Disk"].next_at is None


def test_of_equal_alerts_the_worst_is_shown(board: Board) -> None:
    board.take([posted("Own", severity="warning", lasts=HOUR)], now_ms())
    board.take([posted("Own", severity="warning", lasts=0)], now_ms())
    (one,) = [alert for alert in board.alerts(now_ms()) if alert.name == "Own"]
    assert (one.state, one.origin) == ("firing", None)


def test_while_the_record_is_away_the_board_says_what_it_knew(board: Board, delivering: Delivering) -> None:
    board.acknowledge(by_name(board)["Own"].fingerprint, "Ada", "", now_ms())
    assert by_name(board)["Own"].acknowledged is not None
    delivering.record.away = lambda: "gone"
    note = by_name(board)["Own"].acknowledged
    assert note is not None and note.who == "Ada"


def test_what_comes_at_once_from_many_is_one_alert(board: Board) -> None:
    threads = [Thread(target=board.take, args=([posted("Disk")], now_ms())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([alert for alert in board.alerts(now_ms()) if alert.name == "Disk"]) == 1


@pytest.mark.slow
def test_two_instances_may_take_the_same_alert_at_the_same_moment(tmp_path: Path, postgres_database: str) -> None:
    records = [Record(postgres_database) for _ in range(2)]
    migrate(records[0])
    (tmp_path / "rules.yml").write_text("groups: []", encoding="utf-8")
    (tmp_path / "routes.yml").write_text("{route: {receiver: a}, receivers: [{name: a}]}", encoding="utf-8")
    boards = []
    for record in records:
        rules = Rules(tmp_path / "rules.yml", SampleStore(tmp_path / "s.sqlite"), record, expand)
        notifier = Notifier(tmp_path / "routes.yml", record, Lease(record, "alerting", "x"), external_url="http://x")
        boards.append(Board(record, rules, notifier))
    failures: list[Exception] = []
    together = Barrier(2, timeout=10)

    def take(board: Board) -> None:
        try:
            for number in range(30):
                together.wait()
                board.take([posted(f"A{number}")], now_ms())
        except Exception as error:
            failures.append(error)

    threads = [Thread(target=take, args=(board,)) for board in boards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(boards[0].alerts(now_ms())) == 30
    for record in records:
        record.close()
