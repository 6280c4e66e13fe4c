"""Which measured values can be. What a platform reports that can't is left out of figures, and counted."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Double, Integer, and_, case, func, literal_column, or_

from data.models import calls
from data.sqlx import kept

c = calls.c
_ZERO: ColumnElement[int] = literal_column("0", Integer)
_MS: ColumnElement[float] = literal_column("1000.0", Double)

#: What the end-to-end latency is made of, and where each is kept.
STAGES = {name: f"latency_{name}_ms" for name in ("network", "stt", "llm", "tts")}
END_TO_END = "latency_ms"
#: Everything that has percentiles, the whole last.
TIMED: Mapping[str, str] = {**STAGES, "total": END_TO_END}
MEASURES = (*STAGES.values(), END_TO_END, "silence_seconds")


def _can_be(column: str) -> ColumnElement[bool]:
    """Not negative, not longer than its call, a stage not longer than the whole; unknown where it is not told."""
    value = c[column]
    # What is not known bounds nothing. An OR would say so as well, and takes a quarter longer.
    parts: list[ColumnElement[bool]] = [value >= _ZERO]
    if column == "silence_seconds":
        parts.append(value <= func.coalesce(c.duration_seconds, value))
    else:
        parts.append(value <= func.coalesce(c.duration_seconds * _MS, value))
    if column in STAGES.values():
        parts.append(value <= func.coalesce(c.latency_ms, value))
    return and_(*parts)


#: Each measure where it can be, else NULL. Figures ask this many times of every call, and asking takes three times as
#: long as reading.
POSSIBLE: Mapping[str, kept] = {
    column: kept(f"possible_{column}", case((_can_be(column), c[column]))) for column in MEASURES
}


def possible(column: str) -> ColumnElement[bool]:
    """Whether the call carries a value of MEASURES that can be."""
    return POSSIBLE[column].is_not(None)


def impossible(column: str) -> ColumnElement[bool]:
    """Whether the call carries a value that can't be."""
    return and_(c[column].is_not(None), POSSIBLE[column].is_(None))


#: Whether it carries any such value: few do, and to find them all six are looked at.
ANY_IMPOSSIBLE = kept(
    "any_impossible", or_(*(and_(c[each].is_not(None), POSSIBLE[each].value.is_(None)) for each in MEASURES))
)
