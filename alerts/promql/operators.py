"""What stands between two operands: arithmetic and comparisons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from alerts.promql.frame import Bools, Floats, Frame

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    "<": np.less,
    ">=": np.greater_equal,
    "<=": np.less_equal,
}


def compares(op: str) -> bool:
    """Whether an operator filters instead of computing."""
    return op in _COMPARISONS


def holds(op: str, left: Floats, right: Floats) -> Bools:
    """Where a comparison holds."""
    result: Bools = _COMPARISONS[op](left, right)
    return result


def apply(op: str, left: Floats, right: Floats) -> Floats:
    """The values of an operation; of a comparison 1 where it holds, else 0."""
    if op in _COMPARISONS:
        return holds(op, left, right).astype(np.float64)
    result: Floats = _ARITHMETIC[op](left, right)
    return result


def with_scalar(op: str, given: Frame, scalar: Floats, *, swapped: bool, returns_bool: bool) -> Frame:
    """An operation of each series with a number a step; `swapped`: the number stands on the left."""
    left, right = (scalar, given.values) if swapped else (given.values, scalar)
    if not compares(op) or returns_bool:
        return given.unnamed(apply(op, left, right))
    return Frame(given.labels, given.values, given.here & holds(op, left, right), given.nameless).seen()
