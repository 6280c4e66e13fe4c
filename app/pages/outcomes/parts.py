"""Data into the page of outcomes: component id -> props, for the first layout and for every refresh alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.components.guard import Parts, guarded
from app.components.states import no_calls, note
from app.figures.costs import COMPONENTS, costs, present
from app.figures.parts import EMPTY
from app.format import money
from app.pages.outcomes import cards, ids
from app.pages.outcomes.blocks import tree
from data.filters import CallFilter
from data.queries.outcomes import Outcomes, outcomes
from data.queries.overview import newest

if TYPE_CHECKING:
    from app.filters import PageFilter
    from app.services import Services

_CARDS = {
    ids.FUNNEL: ("The funnel", cards.funnel),
    ids.EARLY: ("Early hang-ups", cards.early),
    ids.RATINGS: ("Satisfaction", cards.ratings),
    ids.SENTIMENTS: ("Sentiment", cards.sentiments),
    ids.PRICES: ("Unit cost", cards.prices),
    ids.REPEATS: ("Repeated calls", cards.repeated),
}


def parts(page: PageFilter, services: Services) -> Parts:
    """All parts of the page."""

    def compute(chosen: CallFilter, now: int) -> tuple[Outcomes, int | None]:
        return outcomes(services.copy, chosen, now=now), newest(services.copy)

    data, last = services.figures("outcomes", page, compute)
    revision = f"{page.range_from}|{page.range_to}|{data.filter.zone}"
    found: Parts = {
        ids.EMPTY: {
            "children": no_calls() if last is None else [],
            "className": f"vh-empty{' d-none' if last else ''}",
        },
    }
    found |= guarded(
        (ids.REASONS,), "End reasons", lambda: {ids.REASONS: {"children": tree(data.reasons, data.filter)}}
    )
    for name, (what, make) in _CARDS.items():
        found |= guarded((name,), what, lambda name=name, make=make: {name: {"children": make(data)}})  # type: ignore[misc]
    return found | guarded((ids.COSTS,), "Costs", lambda: _costs(data, revision), chart=True)


def _costs(data: Outcomes, revision: str) -> Parts:
    if data.costs is None:
        return {ids.COSTS: {"figure": EMPTY}, f"{ids.COSTS}-note": {"children": note("", cards.no_costs(data))}}
    figure = costs(data.costs, data.filter, as_of=data.as_of, revision=revision)
    shown = [
        f"{COMPONENTS[name][0]} {money(data.costs.parts[name], data.costs.currency)}" for name in present(data.costs)
    ]
    words = f"Cost {money(data.costs.total, data.costs.currency)}: {', '.join(shown)}."
    return {ids.COSTS: {"figure": figure}, f"{ids.COSTS}-note": {"children": note(words)}}
