"""Figures as people read them: 1,247 · 94.2 % · 4 m 18 s · $0.134, and "–" for what is not known."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

UNKNOWN = "–"
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}

#: A change by so many percent or more is told as a multiple.
_MOST_PERCENT = 1000

#: The spaces between a number and its unit, and between two such pairs.
_INSIDE = re.compile(r"(?<=\d) (?=(?:ms|[smhd])\b|%)|(?<=\d[ \u00a0][mhd]) (?=\d)")

Number = int | float | None


def known(value: Number) -> bool:
    """Whether there is a figure at all (None and NaN are unknown)."""
    return value is not None and math.isfinite(value)


def _significant(value: float, digits: int = 3) -> str:
    """Three significant digits, thousands grouped, at most three decimals."""
    if value == 0:
        return "0"
    decimals = max(0, min(3, digits - 1 - math.floor(math.log10(abs(value)))))
    return f"{value:,.{decimals}f}"


def count(value: Number) -> str:
    """A whole number: 1,247."""
    return f"{value:,.0f}" if value is not None and known(value) else UNKNOWN


def number(value: Number) -> str:
    """Any number with three significant digits: 4.18 · 1,247."""
    return _significant(value) if value is not None and known(value) else UNKNOWN


def percent(value: Number) -> str:
    """A share given in percent: 94.2 %. Only what is whole is shown as 0 or 100."""
    if value is None or not known(value):
        return UNKNOWN
    shown = f"{value:.1f}"
    if shown == "100.0" and value < 100:
        shown = "99.9"
    return f"{'100' if shown == '100.0' else '0' if value == 0 else shown} %"


def duration(seconds: Number) -> str:
    """A length of time: 850 ms · 4.2 s · 4 m 18 s · 2 h 05 m · 3 d 4 h."""
    if seconds is None or not known(seconds):
        return UNKNOWN
    if seconds < 0:
        return f"−{duration(-seconds)}"
    if seconds < 1:
        return "0 s" if seconds == 0 else f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    minutes = round(seconds / 60)
    if minutes < 1440:
        return f"{minutes // 60} h {minutes % 60:02d} m"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def milliseconds(value: Number) -> str:
    """A latency: 38 ms · 1.24 s."""
    if value is None or not known(value):
        return UNKNOWN
    if value >= 1000:
        return f"{_significant(value / 1000)} s"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def money(value: Number, currency: str | None = "USD") -> str:
    """An amount: $0.134 · €1,240 · 12.5 CHF."""
    if value is None or not known(value):
        return UNKNOWN
    amount = _significant(abs(value))
    sign = "−" if value < 0 else ""
    symbol = _SYMBOLS.get(currency or "")
    return f"{sign}{symbol}{amount}" if symbol else f"{sign}{amount} {currency or ''}".strip()


def size(count_of_bytes: Number) -> str:
    """An amount of data: 850 B · 12.4 kB · 3.21 GB, in thousands."""
    if count_of_bytes is None or not known(count_of_bytes):
        return UNKNOWN
    value = float(count_of_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} B" if unit == "B" else f"{_significant(value)} {unit}"
        value /= 1000
    return f"{_significant(value)} TB"


def age(seconds: float) -> str:
    """How long ago, in one unit: 42 s ago · 3 m ago · 5 h ago · 2 d ago · 27 y ago."""
    for size, unit in ((31557600, "y"), (86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return f"{max(0, int(seconds))} s ago"


def unbroken(text: str) -> str:
    """The text with figures held together: "2 m 15 s" is never broken between two lines."""
    return _INSIDE.sub("\u00a0", text)


def words(name: str) -> str:
    """A name of a rule as words: HighApiResponseTime is "High API response time", SLOBurnRate "SLO burn rate"."""
    found = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name).split()
    rest = [word.upper() if word.lower() in ("api", "cpu") or word.isupper() else word.lower() for word in found[1:]]
    return " ".join([*found[:1], *rest])


@dataclass(frozen=True, slots=True)
class Trend:
    """A figure against the previous period: which way it went, whether that is good, and by how much."""

    direction: Literal["up", "down", "flat"]
    verdict: Literal["good", "bad", "neutral"]
    relative: str
    absolute: str


def trend(current: Number, previous: Number, better: str = "", unit: str = "") -> Trend | None:
    """The change against `previous`; None where either is unknown.

    `better` is the good direction ("up", "down" or none), `unit` is "%", "s" or a count. Shares change by percentage
    points ("pp") only; from zero there is no percent; far more is a multiple. More calls are neither good nor bad.
    """
    if current is None or previous is None or not (known(current) and known(previous)):
        return None
    change = current - previous
    relative = _relative(current, previous) if previous and unit != "%" else ""
    direction: Literal["up", "down", "flat"] = "up" if change > 0 else "down"
    absolute = _change(abs(change), unit)
    if change == 0 or relative == "0.0 %" or absolute == "0.0 pp":
        return Trend("flat", "neutral", "no change", "")
    verdict: Literal["good", "bad", "neutral"] = "neutral"
    if better in ("up", "down") and unit != "calls":
        verdict = "good" if better == direction else "bad"
    return Trend(direction, verdict, relative, ("+" if change > 0 else "−") + absolute)


def _relative(current: float, previous: float) -> str:
    """By how many percent, or where that is a number that nobody can picture, how many times as much it is now."""
    share = round(abs(current - previous) / abs(previous) * 100, 1)
    return f"{share:.1f} %" if share < _MOST_PERCENT else f"{count(current / previous)}×"


def _change(size: float, unit: str) -> str:
    if unit == "%":
        return f"{size:.1f} pp"
    if unit == "s":
        return duration(size)
    if unit == "ms":
        return milliseconds(size)
    return count(size) if unit in ("", "calls") else number(size)
