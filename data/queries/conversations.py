"""How conversations go: who talks over whom, silence, turns; of values of a dimension and of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Double, Integer, func, literal_column

from data.callsets import CALL_SETS
from data.kpis import Kpi, count_where
from data.models import calls
from data.sqlx import double, ratio

c = calls.c
_ONE: ColumnElement[int] = literal_column("1", Integer)
#: Of each figure the factor and what is divided, summed over the set of calls with its name (data/callsets.py).
_DIVIDED: Mapping[str, tuple[float, ColumnElement[Any], ColumnElement[Any]]] = {
    "user_interruptions": (100.0, c.user_interruptions, c.turns),
    "agent_interruptions": (100.0, c.agent_interruptions, c.turns),
    "silence": (100.0, c.silence_seconds, c.duration_seconds),
    "turns": (1.0, c.turns, _ONE),
}


def _sum(name: str, what: ColumnElement[Any]) -> ColumnElement[float]:
    return func.sum(double(what)).filter(CALL_SETS[name])


def _figure(name: str) -> ColumnElement[float]:
    factor, above, below = _DIVIDED[name]
    return ratio(literal_column(repr(factor), Double) * _sum(name, above), _sum(name, below))


#: Unknown where there is nothing to divide by.
CONVERSATION: Mapping[str, Kpi] = {
    "user_interruptions": Kpi(
        "Caller interrupts",
        "%",
        "down",
        "Interruptions by callers / turns, of the calls that carry both: how often callers talk over the agent.",
        _figure("user_interruptions"),
    ),
    "agent_interruptions": Kpi(
        "Agent interrupts",
        "%",
        "down",
        "Interruptions by agents / turns, of the calls that carry both: how often agents talk over the caller.",
        _figure("agent_interruptions"),
    ),
    "silence": Kpi(
        "Silence",
        "%",
        "down",
        "Silent seconds / seconds from answer to end, of the calls that carry both.",
        _figure("silence"),
    ),
    "turns": Kpi("Turns a call", "turns", "", "Mean number of turns of the calls that carry it.", _figure("turns")),
}

#: What the figures of any groups, and of all of them together, are made of: n.<name>, how many calls each rests on,
#: above.<name> and below.<name>.
SUMS: Mapping[str, ColumnElement[Any]] = {
    f"{part}.{name}": sql
    for name, (_, above, below) in _DIVIDED.items()
    for part, sql in (
        ("n", count_where(CALL_SETS[name])),
        ("above", _sum(name, above)),
        ("below", _sum(name, below)),
    )
}


def of_sums(frame: pd.DataFrame) -> pd.DataFrame:
    """The figures in the place of the sums that they are made of; how many calls they rest on stays."""
    found = frame.copy()
    for name, (factor, _, _) in _DIVIDED.items():
        above, below = (found.pop(f"{part}.{name}").astype("float64") for part in ("above", "below"))
        found[name] = (factor * above / below).where(below != 0)
    return found


def of_all(frame: pd.DataFrame) -> dict[str, Any]:
    """The figures of all groups together, and how many calls each rests on; None where unknown."""
    whole = of_sums(frame[list(SUMS)].sum().to_frame().T).iloc[0]
    return {name: whole[name] if pd.notna(whole[name]) else None for name in CONVERSATION} | {
        f"n.{name}": int(whole[f"n.{name}"]) for name in CONVERSATION
    }
