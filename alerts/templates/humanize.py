"""Numbers for people, by the functions of Prometheus."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from alerts.templates.numbers import float_text, parse_float
from alerts.templates.times import SECOND, from_seconds, time_text
from alerts.templates.values import Duration, type_name

_SMALL = ("m", "u", "n", "p", "f", "a", "z", "y")


def number(value: Any) -> float:
    """A number, the number that a text is, or the seconds of a duration; raises ValueError."""
    if isinstance(value, Duration):
        return value / SECOND
    if type(value) is str:
        return parse_float(value)
    if type(value) in (int, float):
        return float(value)
    raise ValueError(f"a {type_name(value)} is no number")


def _short(value: float) -> str:
    return float_text(value, "g", 4)


def _scaled(value: float, step: int, units: tuple[str, ...]) -> str:
    unit = ""
    for each in units:
        if abs(value) < step:
            break
        unit, value = each, value / step
    return _short(value) + unit


def _fraction(value: float) -> str:
    unit = ""
    for each in _SMALL:
        if abs(value) >= 1:
            break
        unit, value = each, value * 1000
    return _short(value) + unit


def humanize(value: Any) -> str:
    """With a metric prefix: 1234567 is 1.235M."""
    known = number(value)
    if known == 0 or not math.isfinite(known):
        return _short(known)
    return _scaled(known, 1000, ("k", "M", "G", "T", "P", "E", "Z", "Y")) if abs(known) >= 1 else _fraction(known)


def humanize1024(value: Any) -> str:
    """With a binary prefix: 1048576 is 1Mi."""
    known = number(value)
    if abs(known) <= 1 or not math.isfinite(known):
        return _short(known)
    return _scaled(known, 1024, ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"))


def humanize_percentage(value: Any) -> str:
    """A ratio in percent: 0.1234567 is 12.35%."""
    return _short(number(value) * 100) + "%"


def humanize_duration(value: Any) -> str:
    """Seconds as days, hours, minutes and seconds: 3700 is 1h 1m 40s."""
    known = number(value)
    if not math.isfinite(known):
        return _short(known)
    if abs(known) < 1:
        return (_fraction(known) if known else _short(known)) + "s"
    sign, size = ("-" if known < 0 else ""), abs(known)
    if size < 60:
        return f"{sign}{_short(size)}s"
    parts = [
        (int(size) // 86_400, "d"),
        (int(size) // 3600 % 24, "h"),
        (int(size) // 60 % 60, "m"),
        (int(size) % 60, "s"),
    ]
    first = next(index for index, (count, _) in enumerate(parts) if count)
    return sign + " ".join(f"{count}{unit}" for count, unit in parts[first:])


def humanize_timestamp(value: Any) -> str:
    """Seconds since 1970 as an instant of UTC."""
    known = number(value)
    return time_text(from_seconds(known)) if math.isfinite(known) else _short(known)


def to_time(value: Any) -> datetime:
    """The instant so many seconds after 1970, to be formatted further."""
    known = number(value)
    if not math.isfinite(known):
        raise ValueError(f"{_short(known)} is no instant")
    return from_seconds(known)


def to_duration(value: Any) -> Duration:
    """So many seconds as a span, to be formatted further."""
    known = number(value) * SECOND
    if not abs(known) < 2**63:
        raise ValueError(f"{_short(known)} is too long for a duration")
    return Duration(known)
