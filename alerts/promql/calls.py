"""The functions of the language, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Protocol, TypeAlias

import numpy as np

from alerts.promql import elementwise, relabel
from alerts.promql.frame import Floats, Frame, Ints, empty, frame, joined
from alerts.promql.histograms import histogram_quantile
from alerts.promql.nodes import Call, Node, Selector, String
from alerts.promql.ranges import OVER_TIME, predict_linear, quantile_over_time
from alerts.promql.windows import Windows


class Evaluator(Protocol):
    """What evaluates a function's arguments at every step."""

    @property
    def times(self) -> Ints:
        """The steps, milliseconds since 1970."""

    def vector(self, node: Node) -> Frame:
        """An instant vector."""

    def scalar(self, node: Node) -> Floats:
        """A number a step."""

    def windows(self, node: Node) -> list[Windows]:
        """A range vector, in parts."""

    def sampled(self, node: Selector) -> Frame:
        """The times of a selector's samples in seconds."""


Value: TypeAlias = Frame | Floats
Function: TypeAlias = Callable[[Evaluator, tuple[Node, ...]], Value]


def call(evaluator: Evaluator, node: Call) -> Value:
    """The value of a function at every step."""
    return FUNCTIONS[node.name](evaluator, node.args)


def _over(parts: list[Frame], evaluator: Evaluator) -> Frame:
    return reduce(joined, parts) if parts else empty(evaluator.times.size)


def _over_time(name: str) -> Function:
    function = OVER_TIME[name]
    return lambda evaluator, args: _over([function(each) for each in evaluator.windows(args[0])], evaluator)


def _predict_linear(evaluator: Evaluator, args: tuple[Node, ...]) -> Frame:
    ahead = evaluator.scalar(args[1])
    return _over([predict_linear(each, ahead) for each in evaluator.windows(args[0])], evaluator)


def _quantile_over_time(evaluator: Evaluator, args: tuple[Node, ...]) -> Frame:
    q = evaluator.scalar(args[0])
    return _over([quantile_over_time(each, q) for each in evaluator.windows(args[1])], evaluator)


def _math(name: str) -> Function:
    function = elementwise.MATH[name]

    def apply(evaluator: Evaluator, args: tuple[Node, ...]) -> Frame:
        given = evaluator.vector(args[0])
        return given.unnamed(function(given.values))

    return apply


def _date(name: str) -> Function:
    function = elementwise.DATES[name]

    def apply(evaluator: Evaluator, args: tuple[Node, ...]) -> Frame:
        if not args:
            return frame([{}], function(_seconds(evaluator))[None, :])
        given = evaluator.vector(args[0])
        return given.unnamed(function(given.values))

    return apply


def _seconds(evaluator: Evaluator) -> Floats:
    return evaluator.times / 1000


def _clamp(evaluator: Evaluator, args: tuple[Node, ...]) -> Frame:
    return elementwise.clamp(evaluator.vector(args[0]), evaluator.scalar(args[1]), evaluator.scalar(args[2]))


def _clamp_min(evaluator: Evaluator, args: tuple[Node, ...]) -> Frame:
    return elementwise.clamp(evaluator.vector(args[0]), evaluator.scalar(args[1]), np.array([np.inf]))


def _clamp_max(evaluator: Evaluator, args: tuple[Node, ...]) -> Frame:
    return elementwise.clamp(evaluator.vector(args[0]), np.array([-np.inf]), evaluator.scalar(args[1]))


def _round(evaluator: Evaluator, args: tuple[Node, ...]) -> Frame:
    return elementwise.nearest(evaluator.vector(args[0]), evaluator.scalar(args[1]) if args[1:] else np.ones(1))


def _timestamp(evaluator: Evaluator, args: tuple[Node, ...]) -> Frame:
    if isinstance(args[0], Selector):
        times = evaluator.sampled(args[0])
        return times.unnamed(times.values)
    given = evaluator.vector(args[0])
    return given.unnamed(np.broadcast_to(_seconds(evaluator), given.values.shape))


def _absent(evaluator: Evaluator, args: tuple[Node, ...]) -> Frame:
    return relabel.absent(args[0], evaluator.vector(args[0]).here.any(axis=0))


def _absent_over_time(evaluator: Evaluator, args: tuple[Node, ...]) -> Frame:
    present = np.zeros(evaluator.times.size, dtype=np.bool_)
    for each in evaluator.windows(args[0]):
        present |= (each.counts > 0).any(axis=0)
    return relabel.absent(args[0], present)


def _texts(args: tuple[Node, ...]) -> list[str]:
    return [each.value for each in args if isinstance(each, String)]


def _constant(value: float) -> Function:
    return lambda evaluator, _: np.full(evaluator.times.size, value)


#: Every function there is; a query that names another is refused.
FUNCTIONS: dict[str, Function] = {
    **{name: _over_time(name) for name in OVER_TIME},
    **{name: _math(name) for name in elementwise.MATH},
    **{name: _date(name) for name in elementwise.DATES},
    "predict_linear": _predict_linear,
    "quantile_over_time": _quantile_over_time,
    "absent": _absent,
    "absent_over_time": _absent_over_time,
    "clamp": _clamp,
    "clamp_min": _clamp_min,
    "clamp_max": _clamp_max,
    "round": _round,
    "timestamp": _timestamp,
    "time": lambda evaluator, _: _seconds(evaluator),
    "pi": _constant(np.pi),
    "scalar": lambda evaluator, args: elementwise.scalar(evaluator.vector(args[0])),
    "vector": lambda evaluator, args: frame([{}], evaluator.scalar(args[0])[None, :]),
    "sort": lambda evaluator, args: elementwise.ordered(evaluator.vector(args[0]), descending=False),
    "sort_desc": lambda evaluator, args: elementwise.ordered(evaluator.vector(args[0]), descending=True),
    "histogram_quantile": lambda evaluator, args: histogram_quantile(
        evaluator.scalar(args[0]), evaluator.vector(args[1])
    ),
    "label_replace": lambda evaluator, args: relabel.label_replace(evaluator.vector(args[0]), *_texts(args[1:])),
    "label_join": lambda evaluator, args: relabel.label_join(evaluator.vector(args[0]), *_texts(args[1:])),
}
