"""Walks a query's tree: every node is evaluated once, at all steps together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from alerts.promql import matching, operators, selecting
from alerts.promql.aggregate import aggregate, count_values, ranked
from alerts.promql.calls import Value, call
from alerts.promql.errors import PromQLError, QueryStopped
from alerts.promql.frame import Floats, Frame, Ints, named
from alerts.promql.limits import WEIGHT, Limits
from alerts.promql.memo import Memo
from alerts.promql.nodes import (
    Aggregate,
    At,
    Binary,
    Call,
    Negate,
    Node,
    Number,
    Range,
    Selector,
    String,
    Subquery,
)
from alerts.promql.windows import Windows, windows
from data.samples.model import Samples


class Budget:
    """What a query has used of what it may."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.samples

    def spend(self, samples: int) -> None:
        """Count samples before they are looked at or laid out; PromQLError when there are too many."""
        self._left -= samples
        if self._left < 0:
            raise PromQLError(
                f"the query would look at more than {self._limits.samples:,} samples: "
                "narrow its selectors or its range, or widen the step"
            )
        if self._limits.stop():
            raise QueryStopped("the query took too long and was stopped: narrow its selectors or its range")


# Never changed, but not frozen: one is made for each evaluation of each rule.
@dataclass(slots=True, eq=False)
class Walk:
    """An evaluation at `times`; start and end (milliseconds) are what `@ start()` and `@ end()` mean.

    memo: what queries before this one found over the same samples; None: nothing is kept.
    """

    samples: Samples
    times: Ints
    start: int
    end: int
    limits: Limits
    budget: Budget
    memo: Memo[Value] | None = None

    def value(self, node: Node) -> Value:
        """A vector or a number a step."""
        self.budget.spend(0)
        match node:
            case Number():
                return np.full(self.times.size, node.value)
            # Of many steps only what aggregations leave of them is small enough to keep.
            case Selector() if self.times.size > 1:
                return self._latest(node)
            case Selector():
                return self._remembered(node, lambda: self._latest(node))
            case Call() if self.times.size > 1:
                return call(self, node)
            case Call():
                return self._remembered(node, lambda: call(self, node))
            case Negate():
                inner = self.value(node.expr)
                return inner.unnamed(-inner.values) if isinstance(inner, Frame) else -inner
            case Aggregate():
                return self._remembered(node, lambda: self._aggregate(node))
            case Binary():
                return self._binary(node)
        raise PromQLError("a range vector stands where an instant vector or a number is needed")

    def vector(self, node: Node) -> Frame:
        found = self.value(node)
        assert isinstance(found, Frame)
        return found

    def scalar(self, node: Node) -> Floats:
        found = self.value(node)
        assert isinstance(found, np.ndarray)
        return found

    def sampled(self, node: Selector) -> Frame:
        return self._latest(node, sampled=True)

    def windows(self, node: Node) -> list[Windows]:
        match node:
            case Range():
                ends = self._ends(node.selector.at, node.selector.offset)
                bounds = (ends - node.span, ends, self.times)
                return selecting.stretches(self.samples, node.selector.matchers, bounds, self.budget.spend)
            case Subquery():
                return self._subquery(node)
        raise PromQLError("an instant vector stands where a range vector is needed")

    def _ends(self, at: At, offset: int) -> Ints:
        """The instants at which a selector looks."""
        if at is None:
            return self.times - offset
        fixed = self.start if at == "start" else self.end if at == "end" else at
        return np.full(self.times.size, fixed - offset, dtype=np.int64)

    def _latest(self, node: Selector, *, sampled: bool = False) -> Frame:
        ends = self._ends(node.at, node.offset)
        lookback, spend = self.limits.lookback, self.budget.spend
        return selecting.latest(self.samples, node.matchers, ends, lookback, spend, sampled=sampled)

    def _subquery(self, node: Subquery) -> list[Windows]:
        ends = self._ends(node.at, node.offset)
        starts = ends - node.span
        step = node.step or self.limits.step
        # Multiples of the step, whenever the query is asked.
        first, end = int(starts[0]) // step * step + step, int(ends[-1]) + 1
        if first >= end:
            return []
        self.budget.spend(WEIGHT * ((end - first) // step))
        times = np.arange(first, end, step, dtype=np.int64)
        # Series that differ in lost names alone and take turns are one series to what looks at them over time.
        inner = named(replace(self, times=times).vector(node.expr))
        if not len(inner.labels):
            return []
        block = (inner.labels, times, inner.values, inner.here)
        return [windows(block, (starts, ends, self.times), inner.nameless, self.budget.spend)]

    def _remembered(self, node: Node, compute: Callable[[], Value]) -> Value:
        return compute() if self.memo is None else self.memo.value(node, self.times, compute)

    def _aggregate(self, node: Aggregate) -> Frame:
        given = self.vector(node.expr)
        if isinstance(node.param, String):
            return count_values(node.param.value, given, node.labels, node.without, self.budget.spend)
        param = None if node.param is None else self.scalar(node.param)
        if node.op in ("topk", "bottomk"):
            assert param is not None
            return ranked(node.op, given, node.labels, node.without, param)
        return aggregate(node.op, given, node.labels, node.without, param)

    def _binary(self, node: Binary) -> Value:
        left = self.value(node.left)
        if node.lazy and isinstance(left, Frame) and not len(left.labels):
            return left
        right = self.value(node.right)
        if isinstance(left, Frame) and isinstance(right, Frame):
            if node.op in ("and", "or", "unless"):
                return matching.combine(node.op, left, right, node.matching)
            return matching.operate(node, left, right, self.budget.spend)
        if isinstance(left, Frame):
            assert isinstance(right, np.ndarray)
            return operators.with_scalar(node.op, left, right, swapped=False, returns_bool=node.returns_bool)
        if isinstance(right, Frame):
            return operators.with_scalar(node.op, right, left, swapped=True, returns_bool=node.returns_bool)
        return operators.apply(node.op, left, right)
