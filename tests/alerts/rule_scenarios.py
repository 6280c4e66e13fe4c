"""Random rules over random series on which Prometheus 2.42 and 3 agree.

A window of 2.42 counts what lies on its left edge in, and so does its lookback. Half of the scenarios have no sample
there. In the others 2.42 is asked for a millisecond less, rates have windows that begin between two samples, and no
gap is as long as the lookback. Counters begin at 0 or far above it, as the two differ in how they extrapolate a small
one.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import yaml

from data.samples.model import Labels

MINUTES = 18
#: Of the samples (milliseconds): off the evaluations' minutes, and on them.
_OFF, _ON = 13_007, 30_000


@dataclass(frozen=True)
class RuleScenario:
    """A file of rules, as we and as Prometheus 2.42 shall read it, and series with a sample every `step` ms."""

    rules: str
    older: str
    series: dict[str, str]
    step: int


def rule_scenario(seed: int) -> RuleScenario:
    """The scenario of a seed."""
    dice = random.Random(seed)
    step = dice.choice((_OFF, _ON))
    count = MINUTES * 60_000 // step + 1
    series = {f'g{{a="{a}",b="{b}"}}': _gauge(dice, count, step) for a in "xy" for b in "12" if dice.random() < 0.9}
    series |= {f'c_total{{a="{a}",b="{b}"}}': _counter(dice, count) for a in "xy" for b in "12"}
    rules = _rules(dice)
    groups = [{"name": "first", "rules": rules[:2]}, {"name": "second", "rules": rules[2:]}]
    text = yaml.safe_dump({"groups": groups}, sort_keys=False)
    older = text
    for minutes in (1, 2, 3):
        older = older.replace(f"[~{minutes}m]", f"[{60 * minutes - 1}s999ms]")
    return RuleScenario(text.replace("[~", "["), older, series, step)


def _gauge(dice: random.Random, count: int, step: int) -> str:
    longest = 100_000 if step == _ON else 480_000
    words: list[str] = ["_"]
    while len(words) < count:
        if dice.random() < 0.08:
            words += ["_"] * dice.randrange(1, longest // step)
        elif dice.random() < 0.03:
            words.append(dice.choice(("stale", "NaN")))
        else:
            words += [f"{dice.uniform(-20, 50):.3f}"] * dice.randrange(1, 8)
    return " ".join(words)


def _counter(dice: random.Random, count: int) -> str:
    gaps = dice.random() < 0.4
    value, words = (1_000_000 if gaps else 0), ["_"]
    for _ in range(count):
        words.append("_" if gaps and dice.random() < 0.2 else str(value))
        value = value + dice.randrange(20)
        if not gaps and dice.random() < 0.05:
            value = 0
    return " ".join(words)


def _rules(dice: random.Random) -> list[dict[str, Any]]:
    recorded = dice.choice(
        (
            "max by (a) (g)",
            "avg by (a) (avg_over_time(g[~2m]))",
            "sum by (a) (rate(c_total[130s]))",
            "sum by (a) (increase(c_total[250s]))",
            "g offset 1m",
            "count by (a) (g > 0)",
            "max_over_time(g[~1m])",
            "sum by (a, b) (sum_over_time(g[~3m]))",
        )
    )
    second = dice.choice(
        (
            "rec:first - rec:first offset 1m",
            "sum_over_time(rec:first[~2m])",
            "min_over_time(rec:first[~3m])",
            "rec:first > 5",
            "changes(rec:first[~3m])",
            "count(rec:first)",
        )
    )
    level = dice.choice(({}, {"severity": "page"}, {"heat": "{{ if gt $value 25.0 }}high{{ else }}low{{ end }}"}))
    return [
        {"record": "rec:first", "expr": recorded, **dice.choice(({}, {"labels": {"kind": "k"}}))},
        _alert(dice, "First", _condition(dice), level),
        {"record": "rec:second", "expr": second},
        _alert(dice, "Second", _condition(dice), {}),
        _alert(dice, "Third", dice.choice(('ALERTS{alertname="First",alertstate="firing"}', _condition(dice))), {}),
    ]


def _alert(dice: random.Random, name: str, expr: str, labels: Labels) -> dict[str, Any]:
    rule: dict[str, Any] = {"alert": name, "expr": expr, "labels": dict(labels)}
    wait, kept = dice.choice(("", "1m", "2m", "3m", "90s")), dice.choice(("", "", "2m", "90s"))
    return rule | ({"for": wait} if wait else {}) | ({"keep_firing_for": kept} if kept else {})


def _condition(dice: random.Random) -> str:
    return dice.choice(
        (
            f"rec:first > {dice.randrange(-5, 30)}",
            f"rec:first < {dice.randrange(5, 30)}",
            f"g > {dice.randrange(0, 25)}",
            f"g < {dice.randrange(5, 25)}",
            f"rate(c_total[130s]) > {dice.uniform(0.1, 0.7):.3f}",
            f"sum by (a) (increase(c_total[100s])) < {dice.randrange(20, 120)}",
            "rec:second > 0",
            'absent(g{a="x"})',
            'absent_over_time(g{a="x",b="1"}[~2m])',
            "count_over_time(g[~1m]) < 4",
            "count_over_time(g[~2m]) > 7",
            "time() - timestamp(g) > 40",
            "g unless on (a) rec:first",
            "topk(1, g) > 10",
        )
    )
