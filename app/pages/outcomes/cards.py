"""The cards of the outcomes that are rows: funnel, early hang-ups, ratings, sentiments, unit costs, repeated calls."""

from __future__ import annotations

from typing import Any

from app.addresses import calls_link
from app.components.plain import Plain, h
from app.components.rows import bar_row, coverage_line, nothing
from app.figures.costs import COMPONENTS, present
from app.figures.palette import looks
from app.format import count, money, percent
from data.analysis.comparing import FEWEST
from data.callsets import SHORT_SECONDS
from data.queries.outcomes import FUNNEL, Costs, Outcomes
from data.queries.repeats import Repeats
from data.times import DAY

_STEPS = {
    "offered": "Offered",
    "answered": "Answered",
    "talked": f"Longer than {SHORT_SECONDS} s",
    "talked_success": "Successful",
}
_MOST_AGENTS = 6


def _share(part: int, whole: int) -> str:
    return percent(100 * part / whole) if whole else "–"


def _large(value: str, note: str) -> Plain:
    return h("Div", [h("Span", value, cls="vh-large"), h("Span", note, cls="vh-note")], cls="vh-headline")


def funnel(data: Outcomes) -> Any:
    """Each step with its share of all offered calls and of the step before."""
    offered = data.sets["offered"]
    if not offered:
        return nothing("No call of this range joined a queue.")
    rows, before = [], offered
    for name in FUNNEL:
        n = data.sets[name]
        beside = "" if name == "offered" else f"{_share(n, offered)} ({_share(n, before)})"
        rows.append(bar_row(_STEPS[name], count(n), beside, n / offered, calls_link(data.filter, name)))
        before = n
    return h("Ul", rows, cls="vh-rows vh-funnel")


def early(data: Outcomes) -> Any:
    """The share of all answered calls, then by agent."""
    timed, judged, hung_up = (data.sets[name] for name in ("timed", "ending_known", "hung_up_early"))
    if not judged:
        return nothing("No call of this range says who ended it." if timed else "No answered calls in this range.")
    frame = data.early.head(_MOST_AGENTS)
    top = max((r / n for r, n in zip(frame["hung_up"], frame["known"], strict=True)), default=0) or 1
    rows = [
        bar_row(str(agent), _share(int(r), int(n)) if n >= FEWEST else f"n = {int(n)}", f"{count(r)} of {count(n)}",
                r / n / top, calls_link(data.filter, "hung_up_early", agent=(agent,)))
        for agent, n, r in zip(frame["agent"], frame["known"], frame["hung_up"], strict=True)
    ]  # fmt: skip
    link = h("A", f"{count(hung_up)} of {count(judged)} answered calls", href=calls_link(data.filter, "hung_up_early"))
    covered = coverage_line(judged, timed, "Who ended them") if judged < timed else None
    others = h("P", f"The {_MOST_AGENTS} agents with the most.", cls="vh-note") if len(data.early) > len(rows) else None
    parts = [
        _large(_share(hung_up, judged), ""),
        h("P", link, cls="vh-note"),
        h("Ul", rows, cls="vh-rows"),
        others,
        covered,
    ]
    return [part for part in parts if part]


def ratings(data: Outcomes) -> Any:
    """Five rows, and the mean."""
    rated, total = data.sets["rated"], data.sets["counted"]
    if not rated:
        return nothing("No call of this range was rated." if total else "No ended calls in this range.")
    top = max(data.ratings.values())
    tints = {5: "success", 4: "success", 3: "missed", 2: "abandoned", 1: "error"}
    rows = [
        bar_row(f"{stars} of 5", count(n := data.ratings.get(stars, 0)), _share(n, rated), n / top,
                calls_link(data.filter, "rated", csat=(stars,)) if n else "", tint=tints[stars])
        for stars in (5, 4, 3, 2, 1)
    ]  # fmt: skip
    few = f" · n = {rated}" if rated < FEWEST else ""
    mean = _large(f"{data.mean_rating:.2f}" if data.mean_rating is not None else "–", f"mean of 5{few}")
    return [mean, h("Ul", rows, cls="vh-rows"), coverage_line(rated, total, "Rating")]


def sentiments(data: Outcomes) -> Any:
    """One row a word."""
    judged, total = data.sets["judged"], data.sets["counted"]
    if not judged:
        return nothing("No call of this range carries a sentiment." if total else "No ended calls in this range.")
    top, tints = max(data.sentiments.values()), looks(data.sentiments)
    rows = [
        bar_row(name.capitalize(), count(n), _share(n, judged), n / top,
                calls_link(data.filter, "judged", sentiment=(name,)), tint=tints[name][0])
        for name, n in data.sentiments.items()
    ]  # fmt: skip
    return [h("Ul", rows, cls="vh-rows"), coverage_line(judged, total, "Sentiment")]


def prices(data: Outcomes) -> Any:
    """A table: components against call, minute and success; and how much of the data it rests on."""
    costs, total = data.costs, data.sets["counted"]
    if costs is None:
        return nothing(no_costs(data))
    heads = h("Tr", [h("Th", "Part", scope="col"), *(h("Th", t, scope="col", cls="vh-num") for t in _UNITS)])
    whole = h("Tr", [h("Th", "All", scope="row"), *_amounts(costs, costs.total)], cls="vh-total")
    rows = [_component(costs, name) for name in present(costs)]
    table = h("Table", [h("Thead", heads), h("Tbody", [whole, *rows])], cls="vh-table vh-plain")
    return [table, coverage_line(data.sets["priced"], total, "Cost")]


_UNITS = ("call", "minute", "success")


def no_costs(data: Outcomes) -> str:
    """Why there are no costs."""
    if data.sets["priced"]:
        return "The costs of this range are in several currencies, or name none. Filter for one source or agent."
    return "No call of this range carries a cost." if data.sets["counted"] else "No ended calls in this range."


def _amounts(costs: Costs, amount: float) -> list[Plain]:
    by = (costs.calls, costs.minutes, costs.successes)
    return [
        h("Td", money(amount / n if n else None, costs.currency), cls="vh-num", data_label=f"a {unit}",
          data_tip=f"{amount / n:.6f} {costs.currency}" if n else f"no {unit} to divide by")
        for n, unit in zip(by, _UNITS, strict=True)
    ]  # fmt: skip


def _component(costs: Costs, name: str) -> Plain:
    text, tint = COMPONENTS[name]
    swatch = h("Span", cls="vh-swatch", style={"background": f"var(--vh-{tint})"}, aria_hidden="true")
    return h("Tr", [h("Th", [swatch, text], scope="row"), *_amounts(costs, costs.parts[name])])


def repeated(data: Outcomes) -> Any:
    """Both spans of time side by side: resolved by one call, and by agent how many were not."""
    if not any(one.calls for one in data.repeats):
        return nothing("No call of this range with a known caller is old enough to judge."
                       if data.sets["counted"] else "No ended calls in this range.")  # fmt: skip
    return h("Div", [_repeat(data, one) for one in data.repeats], cls="vh-beside")


def _repeat(data: Outcomes, one: Repeats) -> Plain:
    span = {"24h": "24 hours", "7d": "7 days"}[one.again]
    title = h("H3", f"Within {span}", cls="vh-column-title")
    if not one.calls:
        age = "a day" if one.again == "24h" else "7 days"
        return h("Div", [title, nothing(f"No call of this range is older than {age}.")])
    judged = {"end": one.end} if data.filter.end is None or one.end < data.filter.end else {}
    resolved = 100 * (one.calls - one.repeated) / one.calls
    frame = one.by_agent.head(_MOST_AGENTS)
    rows = [
        bar_row(str(agent), _share(int(r), int(n)) if n >= FEWEST else f"n = {int(n)}", f"{count(r)} of {count(n)}",
                r / n, calls_link(data.filter, "caller_known", again=one.again, agent=(agent,), **judged))
        for agent, n, r in zip(frame["agent"], frame["calls"], frame["again"], strict=True)
    ]  # fmt: skip
    link = calls_link(data.filter, "caller_known", again=one.again, **judged)
    words = f"{count(one.repeated)} of {count(one.calls)} calls were followed by another"
    young = (data.filter.end or 0) - one.end
    note = h("P", f"Calls of the last {'day' if young <= DAY else '7 days'} are not judged yet.", cls="vh-note")
    content = [
        title,
        _large(percent(resolved), "resolved by one call"),
        h("P", h("A", words, href=link), cls="vh-note"),
    ]
    return h("Div", [*content, h("Ul", rows, cls="vh-rows"), *([note] if judged else [])])
