"""Functions that work on each value by itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from alerts.promql.frame import Floats, Frame


def clamp(given: Frame, low: Floats, high: Floats) -> Frame:
    """The values held between two bounds; nothing where the lower bound is above the upper one."""
    result = given.unnamed(np.maximum(low, np.minimum(high, given.values)))
    if not (high < low).any():
        return result
    return Frame(result.labels, result.values, result.here & ~(high < low), result.nameless).seen()


def nearest(given: Frame, multiple: Floats) -> Frame:
    """The values rounded to a multiple, ties up."""
    # Dividing by the inverse keeps 0.1 and its like exact.
    inverse = 1.0 / multiple
    return given.unnamed(np.floor(given.values * inverse + 0.5) / inverse)


def ordered(given: Frame, *, descending: bool) -> Frame:
    """The series by their values, NaN last; only where there is one step."""
    if given.values.shape[1] != 1 or not len(given.labels):
        return given
    keys = -given.values[:, 0] if descending else given.values[:, 0]
    return given.take(np.argsort(keys, kind="stable"))


def scalar(given: Frame) -> Floats:
    """The value of the only series at each step; NaN where there are none or several."""
    if not len(given.labels):
        return np.full(given.values.shape[1], np.nan)
    alone = given.here.sum(axis=0) == 1
    row = given.here.argmax(axis=0)
    return np.where(alone, given.values[row, np.arange(row.size)], np.nan)


def sign(values: Floats) -> Floats:
    """-1, 1, or the value itself where it is neither below nor above zero."""
    return np.where(values < 0, -1.0, np.where(values > 0, 1.0, values))


#: Functions of one value.
MATH: dict[str, Callable[[Floats], Floats]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "ln": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "sgn": sign,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "deg": lambda values: values * 180 / np.pi,
    "rad": lambda values: values * np.pi / 180,
}


def _date(part: Callable[[np.ndarray], np.ndarray]) -> Callable[[Floats], Floats]:
    """A part of the UTC date that a value in seconds since 1970 stands for; NaN where it stands for none."""

    def function(values: Floats) -> Floats:
        # Beyond some 30,000 years Prometheus gives no sensible answer either.
        known = np.abs(values) < 1e12
        moments = np.where(known, values, 0.0).astype(np.int64).astype("datetime64[s]")
        return np.where(known, part(moments).astype(np.float64), np.nan)

    return function


def _since(moments: np.ndarray, unit: str, smaller: str) -> np.ndarray:
    """How many of the smaller unit have passed in the present larger one."""
    whole = moments.astype(f"datetime64[{smaller}]")
    result: np.ndarray = (whole - moments.astype(f"datetime64[{unit}]")).astype(np.int64)
    return result


def _month_length(moments: np.ndarray) -> np.ndarray:
    month = moments.astype("datetime64[M]")
    result: np.ndarray = ((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64)
    return result


#: Functions of a time in seconds since 1970; without an argument: of the evaluation time.
DATES: dict[str, Callable[[Floats], Floats]] = {
    "minute": _date(lambda moments: _since(moments, "h", "m")),
    "hour": _date(lambda moments: _since(moments, "D", "h")),
    # 1970-01-01 was a Thursday, Sunday counts as 0.
    "day_of_week": _date(lambda moments: (moments.astype("datetime64[D]").astype(np.int64) + 4) % 7),
    "day_of_month": _date(lambda moments: _since(moments, "M", "D") + 1),
    "day_of_year": _date(lambda moments: _since(moments, "Y", "D") + 1),
    "days_in_month": _date(_month_length),
    "month": _date(lambda moments: _since(moments, "Y", "M") + 1),
    "year": _date(lambda moments: moments.astype("datetime64[Y]").astype(np.int64) + 1970),
}
