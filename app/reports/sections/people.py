"""Agents and queues side by side."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.figures.parts import Figure
from app.format import count
from app.reports.content import Chart, Column, Section, Table, rows_of
from app.reports.sections.given import Given
from app.theme import colour
from data.kpis import COUNTS, KPIS, among_counted
from data.models import calls
from data.queries.agents import agents as agents_of

_MOST_BARS, _LONGEST_NAME = 12, 28
_AGENT = {
    "success_rate": "Success rate", "error_rate": "Error rate", "avg_duration_seconds": "Average duration",
    "p95_duration_seconds": "p95 duration", "csat": "Satisfaction", "avg_latency_ms": "Average latency", "cost": "Cost",
}  # fmt: skip
_QUEUE = {
    "offered": "Offered", "success_rate": "Success rate", "abandonment_rate": "Abandonment rate",
    "service_level": "Service level", "asa_seconds": "Average speed of answer",
    "avg_duration_seconds": "Average duration",
}  # fmt: skip


def agents(given: Given) -> list[Section]:
    """Nothing where no call names its agent."""
    frame = agents_of(given.copy, given.chosen)
    if frame.empty:
        return []
    known = {name: text for name, text in _AGENT.items() if frame[name].notna().any()}
    columns = [Column("Agent"), Column("Calls", "calls"), *(Column(t, KPIS[n].unit) for n, t in known.items())]
    rows = rows_of(frame, ["agent", "calls", *known])
    table = Table("Agents", "Agents", columns, rows)
    own = sum(int(row[1] or 0) for row in rows)
    lead = f"{count(len(rows))} agent{'s' if len(rows) > 1 else ''} took {count(own)} of {count(given.total)} calls."
    return [Section("agents", "Agents", [lead], [_chart("agents", "Calls by agent", table, lead)], [table])]


def queues(given: Given) -> list[Section]:
    """Nothing where no call names its queue."""
    c = calls.c
    columns: list[Any] = [among_counted(KPIS[name].sql).label(name) for name in ("total_calls", *_QUEUE)]
    query = given.chosen.apply(select(c.queue, *columns)).where(COUNTS, c.queue.is_not(None)).group_by(c.queue)
    frame = given.copy.frame(query, "report_queues").sort_values(["total_calls", "queue"], ascending=[False, True])
    if frame.empty:
        return []
    known = {name: text for name, text in _QUEUE.items() if frame[name].notna().any()}
    shown = [Column("Queue"), Column("Calls", "calls"), *(Column(t, KPIS[n].unit) for n, t in known.items())]
    rows = rows_of(frame, ["queue", "total_calls", *known])
    table = Table("Queues", "Queues", shown, rows)
    lead = f"{count(len(rows))} queue{'s' if len(rows) > 1 else ''}; most calls went to {rows[0][0]}."
    return [Section("queues", "Queues", [lead], [_chart("queues", "Calls by queue", table, lead)], [table])]


def _chart(name: str, title: str, table: Table, words: str) -> Chart:
    """The largest as bars, the largest on top."""
    shown = list(reversed(table.rows[:_MOST_BARS]))
    names = [_short(str(row[0])) for row in shown]
    figure: Figure = {
        "data": [
            {
                "type": "bar", "uid": name, "orientation": "h", "y": names, "x": [row[1] for row in shown],
                "marker": {"color": colour("seq-2")}, "hovertemplate": "%{y}: %{x:,} calls<extra></extra>",
            }
        ],
        "layout": {
            "hovermode": "closest",
            "yaxis": {"type": "category", "dtick": 1, "showgrid": False, "automargin": True},
            "xaxis": {"type": "linear", "showgrid": True, "rangemode": "tozero", "tickformat": ",d"},
            "meta": {"rows": len(shown)},
        },
    }  # fmt: skip
    return Chart(name, title, figure, words, table.name, [table.columns[1].label], "bar")


def _short(name: str) -> str:
    """Names come from outside, and Plotly would read tags in them."""
    cut = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
    return cut.replace("<", "‹").replace(">", "›")
