"""A figure's unit as text, as hover and as scale."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from app.figures.parts import MILLISECONDS, seconds_axis
from app.format import Number, count, duration, known, milliseconds, money, number, percent

#: Scales of which the whole is known: a line near its top says more when the scale does not begin at nothing.
_OPEN = {"%": (0.0, 100.0), "of 5": (1.0, 5.0)}
#: From this duration on a field of cells counts in minutes.
LONG_SECONDS = 180
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}


def text(value: Number, unit: str, currency: str | None = None) -> str:
    """The value for people: 94.2 % · 4 m 18 s · $12.40; "–" where it is unknown."""
    if unit == "calls":
        return count(value)
    if unit == "%":
        return percent(value)
    if unit == "s":
        return duration(value)
    if unit == "ms":
        return milliseconds(value)
    if unit == "money":
        return money(value, currency) if currency else number(value)
    if unit == "turns":
        return number(value)
    return f"{value:.2f}" if value is not None and known(value) else "–"


def exact(value: Number, unit: str, currency: str | None = None) -> str:
    """The value with all digits that mean something, for tooltips."""
    if value is None or not known(value):
        return ""
    name = {"money": currency or "", "of 5": "of 5"}.get(unit, unit)
    return f"{value:,.0f} {name}" if unit == "calls" else f"{value:,.3f} {name}".strip()


def hover(unit: str, currency: str | None = None) -> dict[str, Any]:
    """What a trace needs for its line in the hover box."""
    if unit == "s":
        return {"meta": "duration", "hovertemplate": "%{customdata}"}
    template = {
        "calls": "%{y:,}",
        "%": "%{y:.1f} %",
        "ms": "%{y:,.0f} ms",
        "of 5": "%{y:.2f} of 5",
        "money": _SYMBOLS.get(currency or "", "") + "%{y:,.4~r}",
    }
    return {"hovertemplate": template.get(unit, "%{y:,}")}


def scale(
    values: Iterable[float | None], unit: str, currency: str | None = None, *, zero: bool = True
) -> dict[str, Any]:
    """The y axis for these values. Counts, durations and amounts begin at zero."""
    found = [v for v in values if v is not None]
    top = max(found, default=1.0)
    if unit == "s":
        return seconds_axis(top or 1.0)
    if unit in _OPEN and found:
        low, high = _OPEN[unit]
        pad = max((top - min(found)) * 0.15, (high - low) * 0.01)
        bottom = low if zero else max(low, min(found) - pad)
        return {
            "range": [bottom, min(high, top + pad) + (high - low) * 0.002],
            "ticksuffix": " %" if unit == "%" else "",
        }
    axis: dict[str, Any] = {"range": [0, (top or 1.0) * 1.06]}
    if unit == "calls":
        axis["tickformat"] = ",d"
        if top <= 5:
            axis["dtick"] = 1
    if unit == "money":
        axis["tickprefix"] = _SYMBOLS.get(currency or "", "")
    if unit == "ms":
        axis |= MILLISECONDS
    return axis


def rounded(values: Iterable[float | None], unit: str) -> list[float | None]:
    """As many digits as a chart can show."""
    if unit == "calls":
        return [None if v is None else int(v) for v in values]
    digits = {"money": 4, "of 5": 3, "%": 2, "s": 1}.get(unit, 0)
    return [None if v is None or not math.isfinite(v) else round(float(v), digits) for v in values]


def short(value: float, unit: str, top: float) -> str:
    """A value in the four characters of a heatmap's cell; of times, in minutes where the greatest of them is long."""
    if unit in ("calls", "money", "ms"):
        return f"{value / 1000:.1f}k" if value >= 10_000 else f"{value:.0f}"
    if unit == "s":
        return f"{value:.0f}" if top < LONG_SECONDS else f"{value / 60:.1f}"
    return f"{value:.0f}" if unit == "%" else f"{value:.1f}"
