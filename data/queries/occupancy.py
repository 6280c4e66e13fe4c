"""How busy agents were while they were at work."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Select, cast, func, literal_column, select

from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.kpis import COUNTS
from data.models import calls
from data.queries.beside import side_by_side
from data.queries.sequences import in_sequence, parts
from data.sqlx import number_of
from data.times import MINUTE, SECOND

c = calls.c
#: An agent without a call for longer than this (microseconds) is taken to have been away.
LONGEST_BREAK = 30 * MINUTE
_HANDLED = c.duration_seconds + func.coalesce(c.after_call_seconds, literal_column("0.0"))
_BEGIN = func.coalesce(c.answered_at, c.started_at)
_DONE = _BEGIN + cast(func.floor(_HANDLED * SECOND), BigInteger)
_AGENT = number_of(c.agent).label("number")


@dataclass(frozen=True, slots=True)
class Occupancy:
    """agents: agent, calls, handled and active seconds; most handled first. percent: over all of them."""

    agents: pd.DataFrame
    handled: float
    active: float

    @property
    def percent(self) -> float | None:
        """Handled / active time; above 100 where agents have several calls at once. None where nobody was active."""
        return 100 * self.handled / self.active if self.active > 0 else None


def occupancy(copy: AnalyticCopy, chosen: CallFilter) -> Occupancy:
    """Of each agent: talk, hold and after-call time of the calls / time from their first to their last moment.

    Nobody reports when agents log in. So an agent is active while a call or its after-call work goes on, and between
    two calls that are at most LONGEST_BREAK apart.
    """
    with side_by_side(copy) as ask:
        names = _of_agents(chosen, select(c.agent)).distinct().subquery()
        named = ask(copy.frame, select(names.c.agent, number_of(names.c.agent).label("number")), "occupancy")
        moments = _of_agents(chosen, select(_AGENT, _BEGIN.label("begin"), _DONE.label("done")))
        parted = parts(copy, moments, _AGENT.element, "occupancy")
        found = pd.concat([_busy(*(part[name] for name in ("number", "begin", "done"))) for part in parted])
    frame = named.result().join(found, on="number").drop(columns="number")
    frame = frame.sort_values(["handled", "agent"], ascending=[False, True], ignore_index=True)
    return Occupancy(frame, float(frame["handled"].sum()), float(frame["active"].sum()))


def _of_agents(chosen: CallFilter, query: Select[Any]) -> Select[Any]:
    return chosen.apply(query).where(COUNTS, c.agent.is_not(None), c.duration_seconds.is_not(None))


def _busy(agents: NDArray[Any], begin: NDArray[Any], done: NDArray[Any]) -> pd.DataFrame:
    """By the agent's number: calls, seconds handled, and seconds active: from the first moment to the last, without the
    breaks that are too long."""
    order = in_sequence(agents, begin)
    agents, begin, done = agents[order], begin[order], done[order]
    first = np.flatnonzero(np.diff(agents, prepend=-1))
    found = []
    for low, high in pairwise([*first, len(agents)]):
        until = np.maximum.accumulate(done[low:high])
        gaps = begin[low + 1 : high] - until[:-1]
        active = until[-1] - begin[low] - gaps[gaps > LONGEST_BREAK].sum()
        found.append((high - low, (done[low:high] - begin[low:high]).sum() / SECOND, active / SECOND))
    return pd.DataFrame(found, index=agents[first], columns=["calls", "handled", "active"])
