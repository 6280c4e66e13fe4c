"""When groups are told, of what, and why; what outlives a restart."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.config import parse
from alerts.dispatch import store
from alerts.dispatch.alert import Alert
from alerts.dispatch.config import Config
from alerts.dispatch.dedup import LogEntry
from alerts.dispatch.matchers import Matcher
from alerts.dispatch.route import tree
from alerts.dispatch.schedule import Schedule
from alerts.dispatch.silence import BadSilence, Silence, SilenceState
from data.migrations import migrate
from data.record import Record
from tests.data.support import empty_record
from tests.servers import require

FILE = """
route:
  receiver: all
  group_by: [name]
  group_wait: 10s
  group_interval: 30s
  repeat_interval: 60s
  routes:
    - {matchers: [team = x], receiver: x, continue: true}
    - {match_re: {team: x|y}, receiver: y, routes: [{matchers: ['name!~"b.*"'], receiver: z}]}
    - {matchers: [sort = quiet], receiver: x, active_time_intervals: [never]}
inhibit_rules:
  - {source_matchers: [severity = high], target_matchers: [severity =~ low|high], equal: [room]}
time_intervals: [{name: never, time_intervals: [{years: ['1970']}]}]
receivers:
  - {name: all, webhook_configs: [{url: 'http://h'}, {url: 'http://h', send_resolved: false}]}
  - {name: x, webhook_configs: [{url: 'http://h'}]}
  - {name: y, webhook_configs: [{url: 'http://h'}]}
  - {name: z, webhook_configs: [{url: 'http://h'}]}
"""
T0 = 1_800_000_000_000


def alert(at: int = 0, end: int | None = None, **labels: str) -> Alert:
    return Alert(labels, {}, T0 + at * 1000, None if end is None else T0 + end * 1000)


class Bench:
    """A schedule moved on second by second; what was sent: second, integration, reason, alerts' `id` (- = resolved)."""

    def __init__(self) -> None:
        self.schedule = Schedule(parse(FILE, Config, "am.yml"))
        self.log: dict[tuple[str, str], LogEntry] = {}
        self.silences: list[Silence] = []
        self.sent: list[tuple[int, str, str, str]] = []

    def run(self, first: int, last: int) -> list[tuple[int, str, str, str]]:
        before = len(self.sent)
        for second in range(first, last + 1):
            now = T0 + second * 1000
            for flush in self.schedule.due(now, self.log, self.silences):
                for note in flush.notifications:
                    self.log[note.integration.key, note.group_key] = note.entry
                    names = [("-" if each.is_resolved(now) else "") + each.labels["id"] for each in note.alerts]
                    self.sent.append((second, note.integration.key, note.reason.value, " ".join(names)))
                self.schedule.done(flush)
        return self.sent[before:]

    def take(self, second: int, *alerts: Alert) -> None:
        self.schedule.take(alerts, T0 + second * 1000)


def only(sent: list[tuple[int, str, str, str]], key: str) -> list[tuple[int, str, str]]:
    return [(second, why, names) for second, way, why, names in sent if way == key]


def test_a_group_waits_then_ticks_and_repeats() -> None:
    bench = Bench()
    bench.take(0, alert(id="1", name="a"))
    bench.take(5, alert(5, id="2", name="a"))
    bench.run(0, 19)
    bench.take(20, alert(20, id="3", name="a"))
    bench.run(20, 139)
    bench.take(140, alert(0, 140, id="1", name="a"))
    bench.run(140, 199)
    bench.take(200, alert(5, 200, id="2", name="a"), alert(20, 200, id="3", name="a"))
    bench.run(200, 400)
    assert only(bench.sent, "all/webhook/0") == [
        (10, "first", "1 2"),
        (40, "new_firing", "1 2 3"),
        (130, "repeat", "1 2 3"),
        (160, "new_resolved", "-1 2 3"),
        (220, "all_resolved", "-2 -3"),
    ]
    # Without send_resolved: the resolved are left out, and nothing is sent where all are.
    assert only(bench.sent, "all/webhook/1") == [
        (10, "first", "1 2"),
        (40, "new_firing", "1 2 3"),
        (130, "repeat", "1 2 3"),
        (220, "all_resolved", ""),
    ]
    assert list(bench.schedule.groups) == []


def test_what_could_not_be_stored_is_planned_again() -> None:
    bench = Bench()
    bench.take(0, alert(id="1", name="a"))
    now = T0 + 10_000
    assert bench.schedule.due(now, {}, [])[0].notifications
    assert bench.schedule.due(now + 1000, {}, [])[0].notifications


def test_an_alert_that_fired_long_ago_is_told_at_once() -> None:
    bench = Bench()
    bench.take(60, alert(0, id="1", name="a"))
    assert [second for second, *_ in bench.run(60, 70)] == [60, 60]


def test_inhibited_alerts_and_muted_routes_are_left_out() -> None:
    bench = Bench()
    bench.take(
        0,
        alert(id="1", name="a", severity="high"),
        alert(id="2", name="a", severity="low", room=""),
        alert(id="3", name="a", severity="low", room="r"),
        alert(id="4", name="q", sort="quiet"),
    )
    assert only(bench.run(0, 20), "all/webhook/0") == [(10, "first", "1 3")]
    assert only(bench.sent, "x/webhook/0") == []


def test_a_silence_changes_what_is_sent_and_nothing_else() -> None:
    bench, free = Bench(), Bench()
    bench.silences = [Silence((Matcher("id", "=", "1"),), T0, T0 + 35_000, "me", "")]
    for each in (bench, free):
        each.take(0, alert(id="1", name="a"), alert(id="2", name="a"))
        each.run(0, 30)
    assert only(bench.sent, "all/webhook/0") == [(10, "first", "2")]
    held = [[(g.key, g.due_at, sorted(g.alerts)) for g in each.schedule.groups] for each in (bench, free)]
    assert held[0] == held[1]
    assert only(bench.run(31, 45), "all/webhook/0") == [(40, "new_firing", "1 2")]


def test_a_restart_repeats_nothing_and_keeps_the_ticks() -> None:
    bench = Bench()
    bench.take(0, alert(id="1", name="a"))
    bench.run(0, 12)
    bench.schedule = Schedule(parse(FILE, Config, "am.yml"))
    bench.schedule.restore([alert(0, 15, id="1", name="a")], bench.log, T0 + 20_000)
    assert only(bench.run(20, 60), "all/webhook/0") == [(40, "all_resolved", "-1")]


def test_routes_are_those_that_amtool_names(tmp_path: Path) -> None:
    path = tmp_path / "am.yml"
    path.write_text(FILE, encoding="utf-8")
    root = tree(parse(FILE, Config, "am.yml").route)
    for team, name, sort in itertools.product(("x", "y", "xy", ""), ("a", "b", "bb", ""), ("quiet", "")):
        labels = {"team": team, "name": name, "sort": sort}
        command = [require("amtool"), "config", "routes", "test", f"--config.file={path}"]
        command += [f"{key}={value}" for key, value in labels.items() if value]
        said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.strip()
        assert ",".join(route.receiver for route in root.match(labels)) == said, labels


@given(st.permutations(range(8)))
def test_the_order_in_which_alerts_come_changes_nothing(order: list[int]) -> None:
    alerts = [
        alert(id=str(n), name="ab"[n % 2], team="xy"[n // 4], severity=("high", "low")[n % 3 == 0]) for n in range(8)
    ]
    sent = []
    for each in (alerts, [alerts[place] for place in order]):
        bench = Bench()
        bench.take(0, *each)
        sent.append(sorted(bench.run(10, 10)))
    assert sent[0] == sent[1] and sent[0]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def record(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Record]:
    if request.param == "sqlite":
        made = empty_record(tmp_path / "calls.db")
    else:
        made = Record(request.getfixturevalue("postgres_database"))
        migrate(made)
    yield made
    made.close()


def test_a_silence_is_kept_edited_and_ended(record: Record) -> None:
    silence = Silence((Matcher("a", "=~", "b|c"),), T0 - 5, T0 + 1000, "me", "why")
    with record.write() as connection:
        made = store.set_silence(connection, silence, T0)
        assert made.id and made.starts_at == T0
        longer = Silence(made.matchers, made.starts_at, T0 + 9000, "me", "more", made.id)
        assert store.set_silence(connection, longer, T0 + 1).id == made.id
        other = Silence((Matcher("a", "=", "b"),), made.starts_at, T0 + 9000, "me", "other", made.id)
        new = store.set_silence(connection, other, T0 + 2)
        assert new.id != made.id
        assert {each.id: each.state(T0 + 2) for each in store.all_silences(connection)} == {
            made.id: SilenceState.EXPIRED,
            new.id: SilenceState.ACTIVE,
        }
        store.expire_silence(connection, new.id, T0 + 3)
        with pytest.raises(BadSilence):
            store.expire_silence(connection, new.id, T0 + 4)
        with pytest.raises(KeyError):
            store.expire_silence(connection, "nobody", T0)
        with pytest.raises(BadSilence, match="empty label"):
            store.set_silence(connection, Silence((Matcher("a", "!=", "b"),), T0, T0 + 9, "me", ""), T0)
        store.prune(connection, T0 + store.EXPIRED_KEPT_MS + 10)
        assert store.all_silences(connection) == []


def test_the_log_and_acknowledgements_are_kept(record: Record) -> None:
    bench = Bench()
    bench.take(0, alert(id="1", name="a"))
    [flush] = bench.schedule.due(T0 + 10_000, {}, [])
    for _ in range(2):
        with record.write() as connection:
            for note in flush.notifications:
                store.log_notification(connection, note)
            store.acknowledge(connection, store.Acknowledgement("f", 1, "me", "seen", 2))
    with record.read() as connection:
        kept = store.load_log(connection, T0 + 10_000)
        assert store.all_acknowledgements(connection)["f", 1].who == "me"
    assert kept == {(each.integration.key, '{}:{name="a"}'): each.entry for each in flush.notifications}
