"""Series written in promtool's notation, held in memory and asked by PromQL."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from alerts.promql import Limits, Matrix, Scalar, Vector, instant, parse, range_query
from alerts.promql.matching import written
from data.samples.model import ABSENT, STALE, Block, Labels, Matcher, Samples

_NUMBER = r"(?:NaN|Inf|\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+)"
_ITEM = re.compile(rf"(?P<first>_|stale|[+-]?{_NUMBER})(?P<step>[+-]{_NUMBER})?(?:x(?P<times>\d+))?")
_LABEL = re.compile(r'"?([\w.:]+)"?\s*=\s*"((?:\\.|[^"\\])*)"')


def labels_of(series: str) -> Labels:
    """The labels of name{a="b"}."""
    name, _, rest = series.partition("{")
    labels = {key: value.replace("\\\\", "\\") for key, value in _LABEL.findall(rest)}
    return {"__name__": name, **labels} if name else labels


def values_of(notation: str) -> list[float]:
    """The values of '0+10x5 _ stale 3x2 NaN', ABSENT for '_'."""
    values: list[float] = []
    for item in notation.split():
        match = _ITEM.fullmatch(item)
        assert match, item
        first, times = match["first"], int(match["times"] or 0)
        if first == "_":
            values += [ABSENT] * max(times, 1)
        elif first == "stale":
            values.append(STALE)
        else:
            step = float(match["step"] or 0)
            values += [float(first) + step * index for index in range(times + 1)]
    return values


class Memory:
    """Samples as a store would hold them: a block for each metric, holes where a series has none."""

    def __init__(self) -> None:
        self._series: list[tuple[Labels, dict[int, float]]] = []

    def load(self, step: int, series: Mapping[str, str], start: int = 0) -> Memory:
        """Add series with a sample every `step` milliseconds."""
        for name, notation in series.items():
            values = enumerate(values_of(notation))
            points = {start + index * step: value for index, value in values if not _same(value, ABSENT)}
            self._series.append((labels_of(name), points))
        return self

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> list[Block]:
        families = defaultdict(list)
        for labels, points in self._series:
            if all(each.matches(labels.get(each.name, "")) for each in matchers):
                families[labels.get("__name__")].append((labels, points))
        return [block for rows in families.values() if (block := _block(rows, start, end)).times.size]


def _same(value: float, marker: float) -> bool:
    return np.float64(value).view(np.int64) == np.float64(marker).view(np.int64)


def _block(rows: list[tuple[Labels, dict[int, float]]], start: int, end: int) -> Block:
    times = sorted({time for _, points in rows for time in points if start <= time <= end})
    values = np.full((len(rows), len(times)), ABSENT)
    for row, (_, points) in enumerate(rows):
        for column, time in enumerate(times):
            values[row, column] = points.get(time, ABSENT)
    return Block([labels for labels, _ in rows], np.array(times, dtype=np.int64), values)


def seconds(text: str | float) -> int:
    """Milliseconds of 90, '90s', '5m' or '1h30m'."""
    if not isinstance(text, str):
        return round(text * 1000)
    units = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", text)
    return round(sum(float(number) * units[unit] for number, unit in parts))


def ask(samples: Samples, query: str, at: str | float = 0, limits: Limits | None = None):
    """{series: value} of an instant vector in its order, a number or a text."""
    answer = instant(parse(query), samples, seconds(at), limits or Limits())
    match answer:
        case Scalar():
            return answer.value
        case Vector():
            pairs = zip(answer.labels, answer.values.tolist(), strict=True)
            found = {written(labels): value for labels, value in pairs}
            assert len(found) == len(answer.labels)
            return found
        case Matrix():
            return _points(answer)
        case _:
            return answer


def ask_range(samples: Samples, query: str, start: str | float, end: str | float, step: str | float):
    """{series: {second: value}} of a range query."""
    return _points(range_query(parse(query), samples, seconds(start), seconds(end), seconds(step)))


def _points(answer: Matrix) -> dict[str, dict[float, float]]:
    found = {}
    for row, labels in enumerate(answer.labels):
        there = np.flatnonzero(answer.here[row])
        found[written(labels)] = {float(answer.times[at]) / 1000: float(answer.values[row, at]) for at in there}
    assert len(found) == len(answer.labels)
    return found
