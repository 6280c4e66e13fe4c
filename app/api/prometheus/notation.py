"""Numbers, instants and spans as Prometheus reads and writes them."""

from __future__ import annotations

import math
import re
from datetime import datetime

import numpy as np

from alerts.config import milliseconds
from data.times import from_datetime, to_iso

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})")
#: As far as milliseconds can be told apart.
FARTHEST_MS = 1 << 53
#: How Prometheus writes the first and the last instant that it knows.
_ENDS = {"-292273086-05-16T16:47:06Z": -FARTHEST_MS, "292277025-08-18T07:12:54.999999999Z": FARTHEST_MS}
_NEVER = "0001-01-01T00:00:00Z"


def read_instant(text: str) -> int:
    """Milliseconds of seconds since 1970 or of an RFC 3339 time; raises ValueError."""
    if text in _ENDS:
        return _ENDS[text]
    if _NUMBER.fullmatch(text):
        return _millis(text)
    if not _RFC3339.fullmatch(text):
        raise ValueError(text)
    return from_datetime(datetime.fromisoformat(text)) // 1000


def read_span(text: str) -> int:
    """Milliseconds of a number of seconds or of a duration such as 1h30m; raises ValueError."""
    return _millis(text) if _NUMBER.fullmatch(text) else milliseconds(text)


def _millis(seconds: str) -> int:
    found = float(seconds) * 1000
    if not abs(found) <= FARTHEST_MS:
        raise ValueError(seconds)
    return round(found)


def seconds(millis: int) -> int | float:
    """Seconds, whole ones without a fraction."""
    return millis / 1000 if millis % 1000 else millis // 1000


def number(value: float) -> str:
    """A value in the fewest digits that read back as it, with an exponent only below 1e-6 and from 1e21 on."""
    if not math.isfinite(value):
        return _not_finite(value)
    text = repr(value)
    if "e" in text and 1e-6 <= abs(value) < 1e21:
        return np.format_float_positional(value, trim="-")
    return text.removesuffix(".0")


def scientific(value: float) -> str:
    """A value with an exponent, as the values of alerts are written."""
    return np.format_float_scientific(value, trim="-", exp_digits=2) if math.isfinite(value) else _not_finite(value)


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def moment(millis: int | None) -> str:
    """RFC 3339; None is the instant that stands for never."""
    return to_iso(None if millis is None else millis * 1000) or _NEVER
