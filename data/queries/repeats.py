"""How many callers called again soon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import and_, false, func, literal_column, select, true

from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.kept import CALLER
from data.models import calls
from data.queries.beside import side_by_side
from data.queries.sequences import in_sequence, parts
from data.repeats import AGAIN, known_callers
from data.sqlx import number_of

c = calls.c


@dataclass(frozen=True, slots=True)
class Repeats:
    """Calls with a known caller that are old enough to judge, and how many of those callers called again so soon.

    by_agent: agent, calls, again; end: until when the calls are old enough (UTC microseconds).
    """

    again: str
    end: int
    calls: int
    repeated: int
    by_agent: pd.DataFrame


def repeats(copy: AnalyticCopy, chosen: CallFilter, *, now: int) -> list[Repeats]:
    """For each span of AGAIN: how many callers called again so soon, of the calls that are at least so old."""
    assert chosen.start is not None and chosen.end is not None
    ends = {again: min(chosen.end, now - within) for again, within in AGAIN.items()}
    judged = replace(chosen, end=max(chosen.start, *ends.values()))
    # What the filter asks is asked of each as it is read: the next call of a caller need not be one of the filter's.
    meant = func.coalesce(and_(true(), *judged.times(), *judged.values()), false()).label("meant")
    agent = func.coalesce(number_of(c.agent), literal_column("-1")).label("agent")
    columns: list[Any] = [CALLER.label("caller"), c.started_at, c.id, agent, meant]
    query = known_callers(judged.start, judged.end, max(AGAIN.values()), *columns)
    agents = select(c.agent).where(*judged.times(), c.agent.is_not(None)).distinct().subquery()
    names = select(agents.c.agent, number_of(agents.c.agent).label("number"))
    with side_by_side(copy) as ask:
        named = ask(copy.frame, names, "repeats")
        found = [_counted_again(part, ends) for part in parts(copy, query, CALLER, "repeats")]
    counted = pd.concat(found).groupby(level=0).sum()
    frame = counted.join(named.result().set_index("number"))
    return [_repeats(frame, again, end) for again, end in ends.items()]


def _counted_again(calls: Mapping[str, NDArray[Any]], ends: Mapping[str, int]) -> pd.DataFrame:
    """By the agent's number, for each span of AGAIN: the calls that are old enough, and those called again."""
    names = ("caller", "started_at", "id", "agent", "meant")
    caller, started, ids, agents, meant = (calls[name] for name in names)
    order = in_sequence(caller, started, ids)
    caller, started, agents, meant = caller[order], started[order], agents[order], meant[order]
    soon = np.diff(started, append=0)
    last = np.diff(caller, append=-1) != 0
    codes, numbers = pd.factorize(agents)
    found = {}
    for again, within in AGAIN.items():
        old = meant & (started < ends[again])
        repeated = old & ~last & (soon <= within)
        for name, rows in ((f"calls {again}", old), (f"again {again}", repeated)):
            found[name] = np.bincount(codes[rows], minlength=len(numbers))
    return pd.DataFrame(found, index=numbers)


def _repeats(frame: pd.DataFrame, again: str, end: int) -> Repeats:
    columns = {"agent": "agent", f"calls {again}": "calls", f"again {again}": "again"}
    one = frame[list(columns)].rename(columns=columns)
    one = one[one["calls"] > 0].sort_values(["calls", "agent"], ascending=[False, True])
    named = one.dropna(subset=["agent"]).reset_index(drop=True)
    return Repeats(again, end, int(one["calls"].sum()), int(one["again"].sum()), named)
