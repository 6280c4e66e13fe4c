"""Promise 11: what is pending, fires or is over survives a restart, and people are told as if there had been none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.config import ConfigError
from alerts.notifier import Notifier
from alerts.running import Rules
from alerts.templates import Expanded, Query
from data.lease import Lease
from data.record import Record
from data.samples.store import SampleStore
from tests.data.support import empty_record

STEP = 15_000
START = 1_800_000_000_000
RULES = """
groups:
  - name: g
    interval: 15s
    rules:
      - {alert: Hot, expr: heat > 30, for: 5m, labels: {severity: high}, annotations: {summary: 'now {{ $value }}'}}
      - {alert: Warm, expr: heat > 20, labels: {severity: low}}
"""
ROUTES = """
route: {receiver: hook, group_by: [alertname], group_wait: 0s, group_interval: 1m, repeat_interval: 4h}
inhibit_rules:
  - {source_matchers: [severity = high], target_matchers: [severity = low], equal: [room]}
receivers: [{name: hook, webhook_configs: [{url: 'http://127.0.0.1:1/'}]}]
"""


class World:
    """Rules and notifier moved on by hand; what is put into the outbox is what would be sent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "rules.yml").write_text(RULES, encoding="utf-8")
        (folder / "am.yml").write_text(ROUTES, encoding="utf-8")
        self.url = f"sqlite:///{folder / 'calls.db'}"
        empty_record(folder / "calls.db").close()
        self.now = START
        self.begin()

    def begin(self) -> None:
        self.record = Record(self.url)
        self.store = SampleStore(self.folder / "samples.sqlite")
        self.store.open()
        self.lease = Lease(self.record, "alerting", "one", 3600)
        self.lease.renew()

        def expand(text: str, labels: object, value: float, query: Query | None = None) -> Expanded:
            return Expanded(text.replace("{{ $value }}", f"{value:g}"))

        self.rules = Rules(self.folder / "rules.yml", self.store, self.record, expand, self.lease)
        self.notifier = Notifier(
            self.folder / "am.yml",
            self.record,
            self.lease,
            external_url="http://v",
            alerts=lambda: self.rules.alerts,
            clock=lambda: self.now / 1000,
        )
        self.rules.on_transitions = self.notifier.take
        self.rules.restore()

    def restart(self) -> None:
        self.store.close()
        self.record.close()
        self.begin()

    def run(self, until: int, heat: float) -> list[tuple[int, str, str]]:
        """Go on to a second; what is told until then: second, alert (- = resolved), summary."""
        seen = len(self.notifier.deliveries(1000))
        while self.now < START + until * 1000:
            self.now += STEP
            self.store.scraped("rooms", self.now, [({"__name__": "heat", "room": "a"}, heat)])
            self.store.save()
            self.rules.evaluate(self.now)
            self.notifier.plan(self.now)
        fresh = list(reversed(self.notifier.deliveries(1000)))[seen:]
        return [
            (
                (each.created_at - START) // 1000,
                ("-" if alert["ends_at"] is not None and alert["ends_at"] <= each.payload["at"] else "")
                + alert["labels"]["alertname"],
                alert["annotations"].get("summary", ""),
            )
            for each in fresh
            for alert in each.payload["alerts"]
        ]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.store.close()
    made.record.close()


def test_an_alert_that_waited_four_of_five_minutes_fires_a_minute_after_the_restart(world: World) -> None:
    assert world.run(240, 40) == [(15, "Warm", "")]
    world.restart()
    assert world.run(300, 40) == []
    assert world.run(345, 40) == [(315, "Hot", "now 40")], "five minutes after it began, at second 15"


def test_an_end_that_came_just_before_a_restart_is_told(world: World) -> None:
    world.run(330, 40)
    told: list[tuple[int, str, str]] = []
    # The group rests until its next tick; the alert is over before it, and the process, too.
    world.run(345, 10)
    world.restart()
    told = world.run(500, 10)
    assert [name for _, name, _ in told] == ["-Hot"] or sorted(name for _, name, _ in told) == ["-Hot", "-Warm"]
    assert world.run(900, 10) == []


def test_an_alert_whose_group_is_gone_from_the_file_ends(world: World) -> None:
    world.run(330, 40)
    (world.folder / "rules.yml").write_text(RULES.replace("name: g", "name: other"), encoding="utf-8")
    world.restart()
    # It is over with the first evaluation, and the process once more before anybody is told.
    world.rules.evaluate(world.now + STEP)
    world.restart()
    assert "-Hot" in [name for _, name, _ in world.run(420, 10)]
    assert world.run(2_000, 10) == [] and world.rules.alerts == []


def test_an_inhibited_alert_is_not_told_after_a_restart(world: World) -> None:
    world.run(330, 40)
    world.restart()
    assert world.run(3_000, 40) == []


def test_a_restart_repeats_nothing_and_keeps_the_time_of_repetition(world: World) -> None:
    world.run(330, 40)
    world.restart()
    assert world.run(4 * 3_600, 40) == []
    [(at, name, _)] = world.run(4 * 3_600 + 600, 40)
    assert name == "Hot" and 4 * 3_600 + 315 < at <= 4 * 3_600 + 315 + 75


def test_annotations_are_those_of_the_time_of_telling(world: World) -> None:
    world.run(330, 40)
    world.run(4 * 3_600, 55)
    assert [each[1:] for each in world.run(4 * 3_600 + 600, 55)] == [("Hot", "now 55")]


def test_groups_tell_when_they_are_told_of_next_and_what_mutes_them(world: World) -> None:
    world.run(330, 40)
    groups = {group.labels["alertname"]: group for group in world.notifier.groups()}
    hot, warm = groups["Hot"], groups["Warm"]
    [alert] = hot.alerts
    assert warm.inhibited_by == {warm.alerts[0].fingerprint: [alert.fingerprint]}
    assert hot.inhibited_by == {alert.fingerprint: []}
    assert START + 330_000 < hot.next_at <= START + 390_000
    [repeats_at] = hot.repeats_at.values()
    assert START + 315_000 + 4 * 3_600_000 < repeats_at <= START + 315_000 + 4 * 3_600_000 + 60_000


def test_a_bad_file_keeps_the_old_routes_and_a_good_one_repeats_nothing(world: World) -> None:
    world.run(330, 40)
    path = world.folder / "am.yml"
    path.write_text(ROUTES.replace("group_wait", "group_weight"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"am\.yml:2: the field 'group_weight'"):
        world.notifier.reload()
    assert "group_weight" in world.notifier.config_error
    path.write_text(ROUTES + "templates: ['*.tmpl']\n", encoding="utf-8")
    (world.folder / "bad.tmpl").write_text('{{ define "x" }}{{ end }}\n{{ if }}', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"bad\.tmpl:2"):
        world.notifier.reload()
    (world.folder / "bad.tmpl").unlink()
    world.notifier.reload()
    assert world.notifier.config_error == ""
    assert world.run(3_000, 40) == []
