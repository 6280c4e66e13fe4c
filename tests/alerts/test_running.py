"""Rules judged over samples: what they record, how alerts move, what outlives a restart or a bad file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from alerts.config import ConfigError
from alerts.evaluator import Evaluator
from alerts.promql import Vector, instant, parse
from alerts.record import Transition, short
from alerts.rules import load_rules
from alerts.running import Rules
from alerts.states import State
from alerts.templates import Expanded, Query
from data.models import alert_transitions
from data.samples.model import Labels, Matcher, is_absent, is_stale
from data.samples.store import SampleStore
from tests.data.support import empty_record

STEP = 15_000
FILE = """
groups:
  - name: g
    interval: 15s
    rules:
      - record: heat:max
        expr: max by (room) (heat > 0)
        labels: {unit: c}
      - alert: Hot
        expr: heat:max > 30
        for: 30s
        labels: {severity: "{{ $value }}"}
        annotations: {summary: "room {{ $labels.room }}"}
      - alert: Hot
        expr: heat:max > 40
"""


def expand(text: str, labels: Labels, value: float, query: Query | None = None) -> Expanded:
    said = text.replace("{{ $value }}", "high" if value > 35 else "low")
    return Expanded(said.replace("{{ $labels.room }}", labels.get("room", "?")))


class Bench:
    """Rules over a store and a record, moved on by hand."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "rules.yml"
        self.path.write_text(FILE, encoding="utf-8")
        self.store = SampleStore(folder / "samples.sqlite")
        self.record = empty_record(folder / "calls.db")
        self.now = 1_800_000_000_000
        self.moves: list[Transition] = []
        self.rules = self.started()

    def started(self) -> Rules:
        rules = Rules(self.path, self.store, self.record, expand)
        rules.on_transitions = self.moves.extend
        rules.restore()
        return rules

    def step(self, **heat: float) -> list[tuple[str, str]]:
        """Sample rooms, judge, move on; the alerts after it as name and state."""
        self.now += STEP
        samples = [({"__name__": "heat", "room": room}, value) for room, value in heat.items()]
        self.store.scraped("rooms", self.now, samples)
        self.rules.evaluate(self.now)
        alerts = [a for _, states in self.rules.groups for s in states for a in s.alerts.alerts.values()]
        return sorted((a.labels["alertname"] + "/" + a.labels["room"], a.state.value) for a in alerts)

    def last(self, name: str) -> dict[str, float]:
        """The newest sample of each series of this name by its room; stale ones left out."""
        found = {}
        for block in self.store.select([Matcher("__name__", "=", name)], self.now, self.now):
            for labels, values in zip(block.labels, block.values, strict=True):
                if len(values) and not (is_stale(values) | is_absent(values))[-1]:
                    found[labels.get("room", "") + labels.get("alertstate", "")] = float(values[-1])
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.record.close()


def test_what_a_rule_records_is_seen_by_the_next_rule_at_the_same_instant(bench: Bench) -> None:
    assert bench.step(a=20, b=45) == [("Hot/b", "firing"), ("Hot/b", "pending")]
    assert bench.last("heat:max") == {"a": 20, "b": 45}


def test_a_series_that_a_rule_gives_no_more_ends(bench: Bench) -> None:
    bench.step(a=20, b=20)
    bench.step(a=20, b=20)
    bench.step(a=20, b=-1)
    assert bench.last("heat:max") == {"a": 20}
    # It has ended, it is not merely old.
    found = instant(parse("heat:max"), bench.store, bench.now)
    assert isinstance(found, Vector)
    assert [each["room"] for each in found.labels] == ["a"]


def test_an_alert_is_recorded_with_its_state(bench: Bench) -> None:
    bench.step(a=33)
    assert bench.last("ALERTS") == {"apending": 1.0}
    assert bench.last("ALERTS_FOR_STATE") == {"a": bench.now / 1000}
    bench.step(a=33)
    bench.step(a=33)
    assert bench.last("ALERTS") == {"afiring": 1.0}


def test_labels_and_annotations_are_expanded(bench: Bench) -> None:
    bench.step(a=33)
    [alert] = [a for _, states in bench.rules.groups for s in states for a in s.alerts.alerts.values()]
    assert alert.labels == {"alertname": "Hot", "room": "a", "unit": "c", "severity": "low"}
    assert alert.annotations == {"summary": "room a"}


def test_every_change_of_a_state_is_history(bench: Bench) -> None:
    for heat in (33, 33, 33, 20, 20):
        bench.step(a=heat)
    assert [(m.before.value, m.alert.state.value) for m in bench.moves] == [
        ("inactive", "pending"),
        ("pending", "firing"),
        ("firing", "inactive"),
    ]
    with bench.record.read() as connection:
        rows = connection.execute(select(alert_transitions.c.at, alert_transitions.c.after)).all()
    assert [(at, after) for at, after in rows] == [(m.at, m.alert.state.value) for m in bench.moves]


def test_a_pending_alert_goes_on_waiting_after_a_restart(bench: Bench) -> None:
    bench.step(a=33)
    bench.step(a=33)
    bench.rules = bench.started()
    assert bench.step(a=33) == [("Hot/a", "firing")]
    assert [m.alert.state for m in bench.moves] == [State.PENDING, State.FIRING]


def test_a_restart_resolves_what_is_over_and_repeats_nothing(bench: Bench) -> None:
    bench.step(a=45)
    bench.rules = bench.started()
    bench.moves.clear()
    bench.step(a=45)
    assert bench.moves == []
    bench.step(a=20)
    assert {m.before: m.alert.state for m in bench.moves} == {
        State.FIRING: State.INACTIVE,
        State.PENDING: State.INACTIVE,
    }


def test_a_bad_file_keeps_the_old_rules_and_a_good_one_keeps_the_alerts(bench: Bench) -> None:
    bench.step(a=33)
    bench.path.write_text(FILE.replace("max by (room)", "max by"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"rules\.yml:7"):
        bench.rules.reload()
    assert "rules.yml:7" in bench.rules.file_error
    bench.step(a=33)
    bench.path.write_text(FILE.replace("> 40", "> 41"), encoding="utf-8")
    bench.rules.reload()
    assert bench.rules.file_error == ""
    assert bench.step(a=33) == [("Hot/a", "firing")]


def test_a_rule_that_fails_says_so_and_harms_no_other(bench: Bench) -> None:
    text = FILE.replace("heat:max > 30", "label_replace(heat:max, 'room', 'x', '', '')")
    bench.path.write_text(text, encoding="utf-8")
    bench.rules.reload()
    assert bench.step(a=45, b=46) == [("Hot/a", "firing"), ("Hot/b", "firing")]
    [(_, [_, failed, _])] = bench.rules.groups
    assert "same labelset" in failed.error


def test_a_group_is_judged_once_a_turn(bench: Bench) -> None:
    turns: list[str] = []
    bench.rules.on_evaluated = lambda group, seconds, failures: turns.append(group)
    bench.step(a=1)
    for late in (1, 14_999):
        bench.rules.evaluate(bench.now + late)
    assert turns == ["g"]


def test_the_first_turn_is_one_to_come_as_samples_before_the_start_would_be_missed(bench: Bench) -> None:
    judge = Evaluator(load_rules(bench.path), bench.store, expand)
    judge.begin(bench.now + 5_000)
    turns = [list(judge.evaluate(bench.now + later)) for later in (6_000, 14_999, 15_000)]
    assert [[at for at, *_ in turn] for turn in turns] == [[], [], [bench.now + 15_000]]


def test_states_that_can_not_be_stored_now_are_stored_later(bench: Bench) -> None:
    path = Path(str(bench.record.url.database))
    hidden = path.rename(path.with_suffix(".away"))
    bench.record.engine.dispose()
    path.mkdir()
    bench.step(a=45)
    assert bench.moves == []
    path.rmdir()
    hidden.rename(path)
    bench.step(a=45)
    assert [m.alert.state for m in bench.moves] == [State.PENDING, State.FIRING]


def test_a_fingerprint_is_the_one_that_alertmanager_gives() -> None:
    # As `amtool alert add alertname=foo node=bar` and `amtool -o json alert` showed it.
    assert short({"alertname": "foo", "node": "bar"}) == "980a6a0e0facf311"
    assert np.unique([short({"a": "b"}), short({"b": "a"}), short({"a": "b", "c": ""})]).size == 3
