"""What was measured, as one table."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Baseline:
    """The usual way to do the same, measured in the same run."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Line:
    """One figure beside its target and its baselines; a line without a target only tells."""

    figure: str
    value: float | None
    unit: str
    target: float | None = None
    more_is_better: bool = False
    baselines: Sequence[Baseline] = ()
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none or nothing was measured."""
        if self.target is None or self.value is None:
            return None
        return self.value >= self.target if self.more_is_better else self.value <= self.target

    def cells(self) -> list[str]:
        """The figure, its target, what was measured, the baselines, and how many times better than each."""
        sign = "≥" if self.more_is_better else "≤"
        return [
            self.figure,
            f"{sign} {amount(self.target)} {self.unit}" if self.target is not None else "",
            f"{amount(self.value)} {self.unit}" if self.value is not None else self.note,
            {True: "met", False: "**missed**", None: ""}[self.met],
            ", ".join(f"{b.name}: {amount(b.value)}" for b in self.baselines),
            ", ".join(_times(self.value, b.value, self.more_is_better) for b in self.baselines),
        ]


def _times(value: float | None, baseline: float, more_is_better: bool) -> str:
    if not value or not baseline:
        return "–"
    ratio = value / baseline if more_is_better else baseline / value
    return f"{ratio:.0f}x" if ratio >= 10 else f"{ratio:.1f}x"


def amount(value: float | None) -> str:
    """A number with about three digits."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


HEADER = ["Figure", "Target", "Measured", "", "Baseline", "Ratio"]


def markdown(lines: Iterable[Line]) -> str:
    """The lines as a Markdown table with aligned columns."""
    rows = [HEADER, *(line.cells() for line in lines)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER))]
    rows.insert(1, ["-" * width for width in widths])
    texts = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in rows]
    return "\n".join(texts)


def median_ms(work: Callable[[], Any], times: int, *, warm: int = 1) -> float:
    """The median duration of `work` in milliseconds, after `warm` runs that do not count."""
    for _ in range(warm):
        work()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return 1000 * statistics.median(taken)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]
