"""Data into the page of agents: component id -> props, for the first layout and for every refresh alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from app.components.guard import Parts, guarded
from app.components.states import no_calls
from app.pages.agents import ids
from app.pages.agents.board import SORTS, board_parts
from app.pages.agents.one import CARDS, One, one_parts
from data.analytics import AnalyticCopy
from data.filters import UNKNOWN, CallFilter
from data.queries.beside import side_by_side
from data.queries.board import Board, board, duration_histogram
from data.queries.overview import newest, overview
from data.queries.series import end_reasons

if TYPE_CHECKING:
    from app.filters import PageFilter
    from app.services import Services

_SORTS = (*SORTS, *(f"-{key}" for key in SORTS))


def parts(page: PageFilter, services: Services) -> Parts:
    """The parts of all agents, or of the one that the filter holds."""
    sort = page.choice("sort", _SORTS, "-calls")
    pair = (page.text("a"), page.text("b"))
    copy = services.copy

    def compute(chosen: CallFilter, now: int) -> tuple[Board, int | None]:
        return board(copy, chosen, now=now, pair=pair), newest(copy)

    data, last = services.figures("agents", page, compute)
    alone = len(data.filter.agent) == 1
    found: Parts = {
        ids.EMPTY: {
            "children": no_calls() if last is None else [],
            "className": f"vh-empty{' d-none' if last else ''}",
        },
        ids.BOARD: {"className": "d-none" if alone else "vh-grid"},
        ids.ONE: {"className": "" if alone else "d-none"},
    }
    if not alone:
        return found | guarded((ids.TABLE, ids.SPREAD, ids.VERSIONS), "Agents", lambda: board_parts(data, sort))

    def one(chosen: CallFilter, now: int) -> One:
        with side_by_side(copy) as ask:
            shown = ask(overview, copy, chosen, now=now, compare=page.compare, figures=tuple(CARDS))
            reasons, spread = ask(_reasons, copy, chosen), ask(duration_histogram, copy, chosen)
            everyone = ask(duration_histogram, copy, replace(chosen, agent=()))
        return One(shown.result(), data, reasons.result(), spread.result(), everyone.result())

    whole = services.figures("agent", page, one)
    revision = f"{page.range_from}|{page.range_to}|{data.filter.zone}|{data.filter.agent}"
    return found | one_parts(page, whole, revision)


def _reasons(copy: AnalyticCopy, chosen: CallFilter) -> pd.DataFrame:
    """end_reason, calls; most calls first."""
    frame = end_reasons(copy, chosen)
    counted = frame["calls"].groupby(frame["end_reason"].fillna(UNKNOWN)).sum()
    return counted.reset_index().sort_values(["calls", "end_reason"], ascending=[False, True], ignore_index=True)
