"""Numbers as Go writes them."""

from __future__ import annotations

import math
from decimal import Decimal


def float_text(value: float, verb: str = "g", precision: int = -1) -> str:
    """A number by %e, %f or %g (%E, %F, %G); precision -1: as Go without one, %g with the digits that tell it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if precision >= 0 or verb not in "gG":
        return f"{value:.{6 if precision < 0 else precision}{verb}}"
    sign = "-" if math.copysign(1, value) < 0 else ""
    shortest = Decimal(repr(abs(value))).normalize()
    exponent = shortest.adjusted()
    if -4 <= exponent < 6:
        return f"{sign}{shortest:f}"
    first, *rest = map(str, shortest.as_tuple().digits)
    mantissa = first + ("." if rest else "") + "".join(rest)
    letter = "e" if verb == "g" else "E"
    return f"{sign}{mantissa}{letter}{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def parse_float(text: str) -> float:
    """A number as Go reads it; raises ValueError."""
    if text != text.strip() or not text.isascii():
        raise ValueError(f"{text[:40]!r} is not a number")
    lowered = text.lower()
    hexadecimal = lowered.lstrip("+-").startswith("0x") and "p" in lowered
    try:
        return float.fromhex(text.replace("_", "")) if hexadecimal else float(text)
    except (ValueError, OverflowError):
        raise ValueError(f"{text[:40]!r} is not a number") from None
