"""Mistakes in a file of rules: one clear line each, with file and line; the old rules go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerts.annotations import expand
from alerts.config import ConfigError
from alerts.evaluator import states_of
from alerts.promql.nodes import Selector
from alerts.rules import load_rules
from alerts.running import Rules
from alerts.templates import Expanded, Query
from data.samples.model import Labels
from data.samples.store import SampleStore
from tests.data.support import empty_record

GOOD = """\
groups:
  - name: g
    interval: 1m
    rules:
      - record: a:b
        expr: sum(up)
        labels: {slo: calls}
      - alert: Down
        expr: up == 0
        for: 5m
        labels: {severity: page}
        annotations:
          summary: "{{ $labels.instance }} is down"
"""

#: Ten of ten of ten ...
BOMB = "groups:\n  - &a0 [x, x]\n" + "".join(
    f"  - &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12)
)

#: What is written in the place of what, the line that is named, and what is said.
MISTAKES = {
    "an unfinished expression": ("expr: up == 0", "expr: 'up =='", 9, "expr: not a PromQL expression"),
    "a bracket is open": ("expr: up == 0", "expr: sum(up", 9, "expr: unclosed left parenthesis"),
    "a rate of no range": ("expr: up == 0", "expr: rate(up)", 9, "expr: character 1: expected type matrix"),
    "a range instead of a vector": ("expr: up == 0", "expr: 'up[5m]'", 9, "not a matrix"),
    "an unknown function": ("expr: up == 0", "expr: rat(up)", 9, "unknown function with name 'rat'"),
    "a function that is not supported": ("expr: up == 0", "expr: histogram_count(up)", 9, "is not supported"),
    "a pattern that is none": ("expr: up == 0", "expr: 'up{a=~\"(\"}'", 9, "expr: illegal regex"),
    "no expression": ("        expr: up == 0\n", "", 8, "expr: Field required"),
    "no duration": ("for: 5m", "for: soon", 10, "for: not a valid duration: 'soon'"),
    "a duration below zero": ("for: 5m", "for: -5m", 10, "for: not a valid duration"),
    "an unknown field": ("for: 5m", "fro: 5m", 10, "the field 'fro' is not known"),
    "a field twice": ("for: 5m", "for: 5m\n        for: 1m", 11, "the key 'for' stands here twice"),
    "an interval of nothing": ("interval: 1m", "interval: 0s", 2, "interval must be longer than 0"),
    "a series with a bad name": ("record: a:b", "record: a b", 5, "'a b' can't be the name of a series"),
    "both kinds at once": ("record: a:b", "record: a:b\n        alert: x", 5, "either `record` or `alert`"),
    "a wait of a recording rule": ("labels: {slo: calls}", "for: 1m", 5, "for belong to alerts"),
    "a label with a bad name": ("{slo: calls}", "{'s lo': calls}", 7, "'s lo' can't be the name of a label"),
    "labels as a list": ("{severity: page}", "[severity]", 11, "labels: must be a mapping"),
    "an open template": ("{{ $labels.instance }}", "{{ $labels.instance ", 13, "summary: the template can't be read"),
    "an unknown function in a template": ("{{ $labels.instance }}", "{{ loud $value }}", 13, "loud is not known"),
    "a bad template of a label": ("{severity: page}", "{severity: '{{ if }}'}", 11, "severity: the template can't"),
    "a tab": ("    rules:", "\trules:", 4, "found character '\\t'"),
    "a wrong indentation": ("    rules:", "   rules:", 4, "expected <block end>"),
    "an alias of nothing": ("{severity: page}", "*page", 11, "found undefined alias"),
    "a wrong key at the top": ("groups:", "group:", 1, "the field 'group' is not known"),
    "100 kB of expression": ("expr: up == 0", f"expr: {'x' * 100_000}", 9, "longer than 10000 characters"),
    "20,000 brackets": ("expr: up == 0", f"expr: '{'(' * 20_000}up{')' * 20_000}'", 9, "longer than 10000 characters"),
    "4,000 brackets": ("expr: up == 0", f"expr: '{'(' * 4_000}up{')' * 4_000}'", 9, "nested deeper than 100"),
    "a rule that is a text": ("      - record: a:b", "      - a:b", 6, "mapping values are not allowed here"),
    "a group that is a list": ("  - name: g\n", "  - []\n  - name: g\n", 2, "groups: must be a mapping"),
    "a character that is none": ("name: g", "name: g\0", 2, "the character #x0000 can't stand here"),
    "a class that is none": ("expr: up == 0", "expr: 'up{a=~\"[[:foo:]]\"}'", 9, "invalid character class range"),
    "aliases that multiply": (GOOD, BOMB, 8, "more than 500,000 values"),
    "20,000 lists": ("expr: up == 0", f"expr: {'[' * 20_000}", 9, "nested too deeply"),
    "a pattern that grows": ("expr: up == 0", "expr: 'up{a=~\"((a{100}){100}){100}\"}'", 9, "expr: illegal regex"),
}  # fmt: skip


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    """Rules in force, from a good file."""
    folder = tmp_path_factory.mktemp("rules")
    (folder / "rules.yml").write_text(GOOD, encoding="utf-8")
    record = empty_record(folder / "calls.db")
    return Rules(folder / "rules.yml", SampleStore(folder / "samples.sqlite"), record, expand)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_with_its_place_and_the_old_rules_go_on(rules: Rules, mistake: str) -> None:
    right, wrong, line, said = MISTAKES[mistake]
    assert right in GOOD
    rules.path.write_text(GOOD.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        rules.reload()
    [told] = str(caught.value).splitlines()
    assert told.startswith(f"{rules.path}:{line}: ")
    assert said in told
    assert len(told) < 500
    assert rules.file_error == told
    rules.evaluate(1_800_000_000_000)
    [(_, [record, alert])] = rules.groups
    assert (record.rule.name, alert.rule.name, record.error, alert.error) == ("a:b", "Down", "", "")


def test_a_good_file_ends_the_complaint(rules: Rules) -> None:
    rules.path.write_text(GOOD.replace("for: 5m", "for: 6m"), encoding="utf-8")
    rules.reload()
    assert rules.file_error == ""
    assert rules.groups[0][1][1].rule.hold == 360_000


def test_a_pattern_that_takes_others_for_ever_is_harmless(tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(GOOD.replace("up == 0", 'up{a=~"(a*)*b"}'), encoding="utf-8")
    [group] = load_rules(path).groups
    selector = group.rules[1].query.root
    assert isinstance(selector, Selector)
    [_, matcher] = selector.matchers
    assert not matcher.matches("a" * 50_000)


class SlowTemplates:
    """A clock that only filling in a template moves, by three seconds."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now

    def expand(self, text: str, labels: Labels, value: float, query: Query | None = None) -> Expanded:
        self.now += 3
        return expand(text, labels, value)


def test_templates_that_take_all_the_time_stay_unfilled_and_the_alerts_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rules.yml").write_text(GOOD, encoding="utf-8")
    [group] = load_rules(tmp_path / "rules.yml").groups
    store, state, slow = SampleStore(tmp_path / "samples.sqlite"), states_of(group)[1], SlowTemplates()
    store.scraped("a", 1_000, [({"__name__": "up", "instance": name}, 0.0) for name in "abc"])
    monkeypatch.setattr("alerts.evaluator.time", slow)
    state.evaluate(group, store, 1_000, slow.expand)
    texts = [alert.annotations["summary"] for alert in state.alerts.alerts.values()]
    late = "no time was left in the 5 s of the rule"
    assert texts == ["a is down", *[f"<error expanding template: {late}>"] * 2]
    assert (state.error, state.template_error) == ("", f"the template of annotation summary failed: {late}")


def test_a_template_that_fails_says_so_in_its_text_and_the_alert_goes_on(
    rules: Rules, caplog: pytest.LogCaptureFixture
) -> None:
    failing = GOOD.replace("expr: up == 0", "expr: vector(7)").replace("{{ $labels.instance }}", "{{ len $value }}")
    rules.path.write_text(failing.replace("for: 5m", "for: 1m"), encoding="utf-8")
    rules.reload()
    caplog.clear()
    for minute in range(3):
        rules.evaluate(1_800_000_000_000 + 60_000 * minute)
    [(_, [_, state])] = rules.groups
    [alert] = state.alerts.alerts.values()
    assert (alert.state, state.error) == ("firing", "")
    # As Prometheus has it; its rule counts as sound.
    assert alert.annotations["summary"].startswith("<error expanding template: line 1: ")
    assert state.template_error.startswith("the template of annotation summary failed: line 1: ")
    [told] = caplog.messages
    line = next(n for n, row in enumerate(failing.splitlines(), 1) if "alert: Down" in row)
    assert told == f"an alert of the rule Down of group g ({rules.path}:{line}): {state.template_error}"
    rules.path.write_text(GOOD, encoding="utf-8")
    rules.reload()
    rules.evaluate(1_800_000_000_000 + 600_000)
    assert rules.groups[0][1][1].template_error == ""
