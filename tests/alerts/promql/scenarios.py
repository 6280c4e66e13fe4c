"""Random series and queries on which Prometheus 2.42 and 3 agree.

No sample lies on the edge of a window, which 2.42 counts in. Counters begin at 0 or far above it, as the two differ in
how they extrapolate a small one that begins within a window. A comparison that filters has no vectors that match
several to several, which 2.42 lets pass if the filter drops them. The deviation of infinities and their dates are left
out.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

STEP = 13_007
_COUNT = 80
_WINDOWS = ("50s", "1m", "2m", "5m")
_RATES = ("rate", "increase", "irate")
_OVER_TIME = (
    *("delta", "idelta", "deriv", "changes", "resets", "avg_over_time", "min_over_time", "max_over_time"),
    *("sum_over_time", "count_over_time", "stddev_over_time", "stdvar_over_time", "last_over_time"),
    "present_over_time",
)
_MATH = ("abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "sgn", "round")
_FOLDS = ("sum", "avg", "min", "max", "count", "group")
_ARITHMETIC = ("+", "-", "*", "/", "%")
_COMPARISONS = ("==", "!=", ">", "<", ">=", "<=")


@dataclass(frozen=True)
class Scenario:
    """Series in promtool's notation, and (query, milliseconds) pairs to ask."""

    series: dict[str, str]
    queries: list[tuple[str, int]]


def scenario(seed: int, queries: int = 12) -> Scenario:
    """The scenario of a seed."""
    dice = random.Random(seed)
    series = {f'g{{a="{a}",b="{b}"}}': _gauge(dice) for a in "xyz" for b in "12" if dice.random() < 0.8}
    series |= {f'h{{a="{a}"}}': _gauge(dice) for a in "xyw"}
    series |= {f'c_total{{a="{a}",b="{b}"}}': _counter(dice) for a in "xyz" for b in "12" if dice.random() < 0.8}
    for a in "xy":
        series |= _histogram(dice, a)
    query = _Query(dice)
    asked = [(query.vector(3), dice.randrange(60_000, _COUNT * STEP + 400_000)) for _ in range(queries)]
    return Scenario(series, asked)


def _gauge(dice: random.Random) -> str:
    special = ("_", "_", "_", "stale", "NaN", "Inf", "-Inf") if dice.random() < 0.5 else ("_", "stale")
    words = [dice.choice(special) if dice.random() < 0.15 else f"{dice.uniform(-50, 50):.3f}" for _ in range(_COUNT)]
    return "_ " + " ".join(words)


def _counter(dice: random.Random) -> str:
    gaps = dice.random() < 0.4
    value, words = (1_000_000, []) if gaps else (0, ["0"])
    for _ in range(_COUNT):
        value = value + dice.randrange(20)
        if not gaps and dice.random() < 0.08:
            value = dice.randrange(10)
        words.append("_" if gaps and dice.random() < 0.2 else str(value))
    return "_ " + " ".join(words)


def _histogram(dice: random.Random, a: str) -> dict[str, str]:
    counts, words = [0, 0, 0, 0], [["0"], ["0"], ["0"], ["0"]]
    for _ in range(_COUNT):
        added = 0
        for bucket in range(4):
            added += dice.randrange(6)
            counts[bucket] += added
            words[bucket].append(str(counts[bucket]))
    return {
        f'd_bucket{{a="{a}",le="{le}"}}': "_ " + " ".join(each)
        for le, each in zip(("0.5", "1", "5", "+Inf"), words, strict=True)
    }


class _Query:
    """Writes queries."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._nested = False

    def vector(self, depth: int) -> str:
        kinds = [self._selector, self._over_time, self._quantile]
        if depth:
            kinds += [self._fold, self._fold, self._math, self._scalar, self._scalar, self._binary, self._binary]
            kinds += [self._set, self._ranked, self._relabel, self._absent, self._grouped, self._clamp]
            kinds += [] if self._nested else [self._subquery]
        return self._dice.choice(kinds)(depth - 1)

    def _selector(self, depth: int = 0, metrics: tuple[str, ...] = ("g", "h", "c_total")) -> str:
        metric = self._dice.choice(metrics)
        matcher = self._dice.choice(("", "", '{a="x"}', '{a!="x"}', '{a=~"x|y"}', '{a!~"z.*",b!="2"}', '{b=~".+"}'))
        return metric + matcher + self._shift()

    def _shift(self) -> str:
        return self._dice.choice(("", "", "", "", " offset 1m", " offset -30s", " @ 301", " @ 301 offset 1m"))

    def _over_time(self, depth: int) -> str:
        function = self._dice.choice(_OVER_TIME + _RATES)
        metrics = ("c_total",) if function in _RATES else ("g", "c_total")
        matcher = self._dice.choice(("", '{a="x"}', '{a=~"x|y"}'))
        window = f"{self._dice.choice(metrics)}{matcher}[{self._dice.choice(_WINDOWS)}]{self._shift()}"
        if self._dice.random() < 0.1:
            return f"quantile_over_time({self._dice.choice((0.3, 0.9, -1, 2))}, {window})"
        if self._dice.random() < 0.1:
            return f"predict_linear({window.partition(' @')[0]}, 600)"
        return f"{function}({window})"

    def _subquery(self, depth: int) -> str:
        # Of a subquery in a subquery the steps would lie on the edges of the outer one's.
        self._nested = True
        function, inner = self._dice.choice(_OVER_TIME[5:]), self.vector(min(depth, 1))
        self._nested = False
        span, step = self._dice.choice(("2m", "5m")), self._dice.choice(("30s", "17s", ""))
        return f"{function}(({inner})[{span}:{step}])"

    def _quantile(self, depth: int) -> str:
        q = self._dice.choice((0, 0.1, 0.5, 0.95, 1, 1.5, -1))
        inner = self._dice.choice(("d_bucket", "rate(d_bucket[2m])", "sum by (le) (rate(d_bucket[5m]))"))
        return f"histogram_quantile({q}, {inner})"

    def _by(self) -> str:
        labels = self._dice.choice(("()", "(a)", "(b)", "(a, b)", "(nothing)"))
        return self._dice.choice(("", f"by {labels} ", f"without {labels} "))

    def _fold(self, depth: int) -> str:
        if self._dice.random() < 0.15:
            return f"quantile {self._by()}({self._dice.choice((0.25, 0.9, 2))}, {self.vector(depth)})"
        if self._dice.random() < 0.2:
            return f"{self._dice.choice(('stddev', 'stdvar'))} {self._by()}({self._selector(metrics=('c_total',))})"
        return f"{self._dice.choice(_FOLDS)} {self._by()}({self.vector(depth)})"

    def _ranked(self, depth: int) -> str:
        op, k = self._dice.choice(("topk", "bottomk")), self._dice.choice((0, 1, 2, 5))
        return f"{op} {self._by()}({k}, {self._selector(metrics=('g',))})"

    def _grouped(self, depth: int) -> str:
        return f'count_values {self._by()}("value", round({self.vector(0)}))'

    def _math(self, depth: int) -> str:
        if self._dice.random() < 0.2:
            return f"{self._dice.choice(('minute', 'hour', 'day_of_week', 'timestamp'))}(c_total)"
        return f"{self._dice.choice(_MATH)}({self.vector(depth)})"

    def _clamp(self, depth: int) -> str:
        inner = self.vector(depth)
        return self._dice.choice(
            (f"clamp({inner}, -5, 20)", f"clamp_min({inner}, 3)", f"clamp_max({inner}, 3)", f"-({inner})")
        )

    def _scalar(self, depth: int) -> str:
        op = self._dice.choice(_ARITHMETIC + _COMPARISONS)
        flag = " bool" if op in ("==", ">", "<=") and self._dice.random() < 0.5 else ""
        number = self._dice.choice(("2", "-3.5", "0", "time()", "scalar(sum(g))", "2 ^ 0.5"))
        sides = (f"({self.vector(depth)})", number)
        left, right = sides if self._dice.random() < 0.6 else sides[::-1]
        return f"{left} {op}{flag} {right}"

    def _binary(self, depth: int) -> str:
        op = self._dice.choice(_ARITHMETIC + _COMPARISONS)
        flag = " bool" if op in _COMPARISONS and self._dice.random() < 0.4 else ""
        match self._dice.randrange(5):
            case 0:
                return f"g {op}{flag} on(a) group_left {self._one_side()}"
            case 1:
                return f"{self._one_side()} {op}{flag} on(a) group_right c_total"
            case 2:
                return f"g {op}{flag} c_total"
            case 3:
                return f"sum by (a) ({self.vector(depth)}) {op}{flag} h"
            case _:
                rule = self._dice.choice(("", "on(a)", "ignoring(b)", "on()", "ignoring(b) group_left ()", "on(b)"))
                flag = " bool" if op in _COMPARISONS else ""
                return f"({self.vector(depth)}) {op}{flag} {rule} ({self.vector(depth)})"

    def _one_side(self) -> str:
        return self._dice.choice(("h", "sum by (a) (g)", "max by (a) (c_total)"))

    def _set(self, depth: int) -> str:
        op, rule = self._dice.choice(("and", "or", "unless")), self._dice.choice(("", "on(a)", "ignoring(b)", "on()"))
        return f"({self.vector(depth)}) {op} {rule} ({self.vector(depth)})"

    def _relabel(self, depth: int) -> str:
        if self._dice.random() < 0.4:
            return f'label_join({self.vector(depth)}, "j", "-", "a", "b")'
        return f'label_replace({self.vector(depth)}, "n", "$1-$2", "a", "(x|y)(.*)")'

    def _absent(self, depth: int) -> str:
        choices = ('absent(g{a="q"})', "absent(g)", 'absent_over_time(g{a="x",b=~"1"}[1m])', "vector(time())", "hour()")
        return self._dice.choice(choices)
