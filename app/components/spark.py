"""Sparklines: one CSS mask each, so that they follow the theme and cost no chart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from urllib.parse import quote

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
    line, area = _paths(shares)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none">'
        f'<path d="{area}" fill-opacity=".13"/>'
        f'<path d="{line}" fill="none" stroke="#000" stroke-width="1.5" stroke-linejoin="round"'
        ' stroke-linecap="round" vector-effect="non-scaling-stroke"/></svg>'
    )
    picture = f'url("data:image/svg+xml,{quote(svg, safe=" =:/")}")'.replace("%22", "'")
    return h("Div", cls="vh-spark", style={"maskImage": picture, "WebkitMaskImage": picture}, aria_hidden="true")


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


def _paths(shares: list[float | None]) -> tuple[str, str]:
    """SVG paths of the line and of the area below, for heights from 0 to 1."""
    step = _WIDTH / (len(shares) - 1)
    runs: list[list[str]] = [[]]
    for i, share in enumerate(shares):
        if share is None:
            runs.append([])
        else:
            runs[-1].append(f"{i * step:.0f} {_HEIGHT - 2 - share * (_HEIGHT - 4):.1f}".removesuffix(".0"))
    runs = [run for run in runs if run]
    line = "".join("M" + "L".join(run if len(run) > 1 else run * 2) for run in runs)
    area = "".join(f"M{run[0].split()[0]} {_HEIGHT}L{'L'.join(run)}L{run[-1].split()[0]} {_HEIGHT}Z" for run in runs)
    return line, area
