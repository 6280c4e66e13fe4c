"""Which measured values can be. What a platform reports that can't is left out of figures, and counted."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Double, Integer, and_, func, literal_column, not_

from data.models import calls

c = calls.c
_ZERO: ColumnElement[int] = literal_column("0", Integer)
_MS: ColumnElement[float] = literal_column("1000.0", Double)

#: What the end-to-end latency is made of, and where each is kept.
STAGES = {name: f"latency_{name}_ms" for name in ("network", "stt", "llm", "tts")}
END_TO_END = "latency_ms"
MEASURES = (*STAGES.values(), END_TO_END, "silence_seconds")


def possible(column: str) -> ColumnElement[bool]:
    """Whether a value of MEASURES can be: not negative, not longer than its call, a stage not longer than the whole.

    Unknown (NULL, as good as false in a WHERE or CASE) where the call carries none.
    """
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


def impossible(column: str) -> ColumnElement[bool]:
    """Whether the call carries a value that can't be."""
    return and_(c[column].is_not(None), not_(possible(column)))
