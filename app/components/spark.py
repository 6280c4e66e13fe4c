"""Sparklines: a path each, which assets/voicehive/spark.js draws, so that they follow the theme and cost no chart."""

from __future__ import annotations

import math
from collections.abc import Sequence

from app.components.plain import Plain, h
from app.format import Number, known

_WIDTH, _HEIGHT = 100, 28
_MOST_POINTS = 40


def sparkline(values: Sequence[Number], *, zero: bool = False) -> Plain | None:
    """The course of `values`, gaps left open; None with fewer than two known values or only zeros.

    `zero`: the scale begins at 0.
    """
    points = _thinned(values)
    found = [v for v in points if v is not None]
    if len(found) < 2 or not any(found):
        return None
    low, high = min(found), max(found)
    if math.isclose(low, high):
        # What does not change is neither at the floor nor at the ceiling.
        shares = [None if v is None else 0.5 for v in points]
    else:
        low = 0.0 if zero else low
        shares = [None if v is None else (v - low) / (high - low) for v in points]
    return h("Div", cls="vh-spark", data_line=_path(shares), aria_hidden="true")


def _thinned(values: Sequence[Number]) -> list[float | None]:
    """At most so many points: the mean of the known values of each stretch."""
    clean = [float(v) if v is not None and known(v) else None for v in values]
    size = -(-len(clean) // _MOST_POINTS)
    if size <= 1:
        return clean
    # Stretches are counted from the end, so that the newest one is always whole.
    first = len(clean) % size
    cuts = ([0] if first else []) + list(range(first, len(clean), size))
    stretches = [clean[a:b] for a, b in zip(cuts, [*cuts[1:], len(clean)], strict=True)]
    return [_mean([v for v in stretch if v is not None]) for stretch in stretches]


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _path(shares: list[float | None]) -> str:
    """The line as an SVG path in a field of 100 x 28, for heights from 0 to 1."""
    step = _WIDTH / (len(shares) - 1)
    runs: list[list[str]] = [[]]
    for i, share in enumerate(shares):
        if share is None:
            runs.append([])
        else:
            runs[-1].append(f"{i * step:.0f} {_HEIGHT - 2 - share * (_HEIGHT - 4):.1f}".removesuffix(".0"))
    return "".join("M" + "L".join(run if len(run) > 1 else run * 2) for run in runs if run)
