"""Weekday x hour of the service."""

from __future__ import annotations

from app.addresses import calls_link
from app.components.card import card_head
from app.components.guard import Parts
from app.components.heat import Cell, heatmap, legend, too_short
from app.components.plain import Children, h
from app.components.rows import nothing
from app.figures import units
from app.format import count
from app.pages.service_level import ids
from app.pages.service_level.chosen import HOURS, Chosen
from data.kpis import KPIS
from data.queries.concurrency import earliest
from data.queries.service import Service
from data.times import DAY

_LEADS_TO = {"asa_seconds": "answered_waited"}


def parts(data: Service, chosen: Chosen) -> Parts:
    """The field, or why there is none."""
    figure = chosen.hours
    what = "The most calls at once in each hour" if figure == "peak" else KPIS[figure].definition.rstrip(".")
    if figure == "service_level":
        what = chosen.formula.capitalize()
    head = card_head(
        "Weekday and hour",
        unit=f"{HOURS[figure].lower()}, {data.filter.zone}",
        definition=f"{what}. By weekday and hour of the zone's clock, over the whole range.",
    )
    long_enough = (data.filter.end or 0) - (data.filter.start or 0) >= 6 * DAY
    return {
        ids.HEAT_HEAD: {"children": head},
        ids.HEAT: {"children": _field(data, figure) if long_enough else too_short()},
    }


def _field(data: Service, figure: str) -> Children:
    frame = (data.busy.hours if figure == "peak" else data.hours).dropna(subset=["value"])
    if not len(frame):
        return nothing("No such calls in this range.")
    unit = "calls" if figure == "peak" else KPIS[figure].unit
    low = 0.0 if unit == "calls" else float(frame["value"].min())
    high = float(frame["value"].max())
    cells = {}
    for row in frame.to_dict("records"):
        day, hour, value = int(row["weekday"]), int(row["hour"]), float(row["value"])
        beside = f", n = {count(row['n'])}" if unit != "calls" else " calls"
        link = (
            calls_link(data.filter, start=earliest(data.filter), end=int(row["at"]) + 1, at=int(row["at"]))
            if figure == "peak"
            else calls_link(data.filter, _LEADS_TO.get(figure, "offered"), weekday=(day,), hour=(hour,))
        )
        share = 0.5 if high == low else (value - low) / (high - low)
        cells[day, hour] = Cell(share, units.short(value, unit, high), units.text(value, unit) + beside, link)
    return h("Div", [heatmap(cells), legend(low, high, unit)])
