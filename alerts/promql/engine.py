"""Queries answered: at one instant or over a range.

The semantics are those of Prometheus 3: ranges exclude their left end, a sample counts for five minutes, a stale marker
ends a series, and a name that no longer fits is dropped at the very end. Instants and spans are milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alerts.promql.calls import Value
from alerts.promql.errors import PromQLError
from alerts.promql.evaluate import Budget, Walk
from alerts.promql.frame import Bools, Floats, Frame, Ints, named
from alerts.promql.limits import Limits
from alerts.promql.memo import Memo
from alerts.promql.nodes import Expr, Node, Range, String, Subquery
from alerts.promql.windows import Windows
from data.samples.model import Labels, Samples

MAX_STEPS = 11_000
_DEFAULTS = Limits()


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Vector:
    """One value for each series: values[i] is that of labels[i]."""

    labels: Sequence[Labels]
    values: Floats


@dataclass(frozen=True, slots=True)
class Matrix:
    """values[i, j] of series labels[i] at times[j] (milliseconds) where here[i, j]."""

    labels: Sequence[Labels]
    times: Ints
    values: Floats
    here: Bools


def instant(
    expr: Expr, samples: Samples, at_ms: int, limits: Limits = _DEFAULTS, memo: Memo[Value] | None = None
) -> Vector | Scalar | str | Matrix:
    """The answer at one instant; a Matrix of raw samples for a range vector. PromQLError where there is none.

    memo: what queries over the same samples share.
    """
    if isinstance(expr.root, String):
        return expr.root.value
    walk = _walk(samples, np.array([at_ms], dtype=np.int64), limits, memo)
    with np.errstate(all="ignore"):
        if isinstance(expr.root, Range | Subquery):
            return _raw(walk, expr.root)
        found = walk.value(expr.root)
        if not isinstance(found, Frame):
            return Scalar(float(found[0]))
        shown = named(found.seen())
    return Vector(shown.labels, shown.values[:, 0])


def range_query(
    expr: Expr,
    samples: Samples,
    start_ms: int,
    end_ms: int,
    step_ms: int,
    limits: Limits = _DEFAULTS,
    memo: Memo[Value] | None = None,
) -> Matrix:
    """The answers at start, start + step, ... up to the end; PromQLError where there are none.

    memo: what queries over the same samples share.
    """
    if expr.kind not in ("vector", "scalar"):
        raise PromQLError(f"a range query needs an instant vector or a number, not a {expr.kind}")
    if step_ms <= 0:
        raise PromQLError("the step has to be longer than 0")
    if end_ms < start_ms:
        raise PromQLError("the end lies before the start")
    if (end_ms - start_ms) // step_ms > MAX_STEPS:
        raise PromQLError(f"more than {MAX_STEPS:,} steps: choose a longer step or a shorter range")
    times = np.arange(start_ms, end_ms + 1, step_ms, dtype=np.int64)
    with np.errstate(all="ignore"):
        found = _walk(samples, times, limits, memo, end_ms).value(expr.root)
        if not isinstance(found, Frame):
            return Matrix([{}], times, found[None, :], np.ones((1, times.size), dtype=np.bool_))
        shown = named(found.seen())
    return Matrix(shown.labels, times, shown.values, shown.here)


def _walk(samples: Samples, times: Ints, limits: Limits, memo: Memo[Value] | None, end: int | None = None) -> Walk:
    start = int(times[0])
    return Walk(samples, times, start, start if end is None else end, limits, Budget(limits), memo)


def _raw(walk: Walk, node: Node) -> Matrix:
    """The samples of a range vector themselves."""
    parts = [each for each in walk.windows(node) if (each.counts > 0).any()]
    taken = [np.unique(each.times[(each.times > each.starts[0]) & (each.times <= each.ends[0])]) for each in parts]
    times = np.unique(np.concatenate(taken)) if taken else np.empty(0, dtype=np.int64)
    rows = [_laid_out(each, times) for each in parts]
    labels: list[Labels] = [each for part in parts for each in part.labels]
    if not rows:
        return Matrix(labels, times, np.empty((0, 0)), np.empty((0, 0), dtype=np.bool_))
    values, here = (np.concatenate([row[index] for row in rows]) for index in range(2))
    shown = named(Frame(labels, values, here > 0, np.concatenate([part.nameless for part in parts])).seen())
    return Matrix(shown.labels, times, shown.values, shown.here)


def _laid_out(window: Windows, times: Ints) -> tuple[Floats, Floats]:
    """A window's samples at the given times, and 1 where there is one."""
    shape = (len(window.labels), times.size)
    values, here = np.zeros(shape), np.zeros(shape)
    own_times = np.broadcast_to(window.times, window.values.shape)
    first, last = (np.broadcast_to(edge[:, 0], shape[0]).tolist() for edge in (window.first, window.last))
    for row in range(shape[0]):
        own = slice(first[row], last[row])
        columns = np.searchsorted(times, own_times[row, own])
        values[row, columns], here[row, columns] = window.values[row, own], 1
    return values, here
