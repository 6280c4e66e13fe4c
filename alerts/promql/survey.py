"""What a query looks at, told without answering it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alerts.promql.elementwise import DATES, MATH
from alerts.promql.limits import Limits
from alerts.promql.nodes import (
    Aggregate,
    Binary,
    Call,
    Negate,
    Node,
    Number,
    Range,
    Selector,
    Subquery,
    kind_of,
)
from alerts.promql.ranges import OVER_TIME
from data.samples.model import Matcher

_LOOKBACK = Limits().lookback
_SAFE_AGGREGATIONS = frozenset(("sum", "avg", "min", "max", "count", "stddev", "stdvar", "group"))
_SAFE_CALLS = frozenset((*OVER_TIME, *MATH, *DATES, "predict_linear", "absent", "time", "vector", "scalar"))


@dataclass(frozen=True, slots=True)
class Look:
    """A selector of a query.

    reach: how many milliseconds before the query's instant it may look. fixed: at an instant that `@` names instead.
    for_absence: what is asked is whether there are samples at all.
    """

    matchers: tuple[Matcher, ...]
    reach: int
    fixed: bool
    for_absence: bool

    @property
    def name(self) -> str:
        """The metric's name; empty if the selector names none."""
        return next((m.value for m in self.matchers if m.name == "__name__" and m.op == "="), "")

    def may_find(self, name: str) -> bool:
        """Whether series of this name can meet the matchers."""
        return all(matcher.matches(name) for matcher in self.matchers if matcher.name == "__name__")


def may_fail(node: Node) -> bool:
    """Whether an answer may be refused, for series that must not meet or for too many samples."""
    match node:
        case Number() | Selector() | Range():
            return False
        case Negate():
            return may_fail(node.expr)
        case Aggregate():
            return node.op not in _SAFE_AGGREGATIONS or may_fail(node.expr)
        case Call():
            return node.name not in _SAFE_CALLS or any(may_fail(each) for each in node.args)
        case Binary():
            one_is_a_number = "scalar" in (kind_of(node.left), kind_of(node.right))
            safe = one_is_a_number or node.op in ("and", "unless")
            return not safe or may_fail(node.left) or may_fail(node.right)
    return True


def looks(node: Node, reach: int = 0, *, fixed: bool = False, absence: bool = False) -> Iterator[Look]:
    """All selectors of a tree; `reach`, `fixed` and `absence` are what the nodes around it add."""
    match node:
        case Selector():
            back = max(reach + node.offset + _LOOKBACK, 0)
            yield Look(node.matchers, back, fixed or node.at is not None, absence)
        case Range():
            yield from looks(node.selector, reach + node.span - _LOOKBACK, fixed=fixed, absence=absence)
        case Subquery():
            fixed = fixed or node.at is not None
            yield from looks(node.expr, reach + node.span + node.offset, fixed=fixed, absence=absence)
        case Call():
            absence = absence or node.name in ("absent", "absent_over_time")
            for each in node.args:
                yield from looks(each, reach, fixed=fixed, absence=absence)
        case Aggregate():
            yield from looks(node.expr, reach, fixed=fixed, absence=absence)
            if node.param is not None:
                yield from looks(node.param, reach, fixed=fixed, absence=absence)
        case Negate():
            yield from looks(node.expr, reach, fixed=fixed, absence=absence)
        case Binary():
            yield from looks(node.left, reach, fixed=fixed, absence=absence)
            yield from looks(node.right, reach, fixed=fixed, absence=absence)
