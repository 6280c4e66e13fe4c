"""Series as promtool's test files write them: `name{a="b"}` and `0+10x5 _ stale`."""

from __future__ import annotations

import re

from alerts.promql import parse
from alerts.promql.nodes import Selector
from data.samples.model import ABSENT, STALE, Labels

_NUMBER = r"(?:NaN|Inf|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
_ITEM = re.compile(rf"(?P<first>_|stale|[+-]?{_NUMBER})(?:(?P<step>[+-]{_NUMBER})?x(?P<times>\d+))?")
_MOST_VALUES = 100_000


def series_labels(text: str) -> Labels:
    """The labels of a series; ValueError if it is none. `{}` is the one without labels, such as a sum has."""
    if re.fullmatch(r"\s*\{\s*\}\s*", text):
        return {}
    try:
        root = parse(text).root
    except ValueError as error:
        raise ValueError(f"{text!r} is not a series: {error}") from None
    if not isinstance(root, Selector) or any(matcher.op != "=" for matcher in root.matchers):
        raise ValueError(f"{text!r} is not a series")
    return {matcher.name: matcher.value for matcher in root.matchers if matcher.value}


def values(text: str) -> list[float]:
    """The values, ABSENT for `_`; `a+bxn` is a, a+b, ... up to n steps further; ValueError if it can't be read."""
    found: list[float] = []
    for item in text.split():
        match = _ITEM.fullmatch(item)
        if match is None:
            raise ValueError(f"{item[:40]!r} is not a value such as 3, _, stale, 0+10x5 or 2x3")
        times = int(match["times"] or 0)
        if len(found) + times > _MOST_VALUES:
            raise ValueError(f"more than {_MOST_VALUES:,} values")
        if match["first"] == "_":
            found += [float(ABSENT)] * max(times, 1)
        elif match["first"] == "stale":
            found += [float(STALE)] * max(times, 1)
        else:
            first, step = float(match["first"]), float(match["step"] or 0)
            found += [first + step * index for index in range(times + 1)]
    return found
