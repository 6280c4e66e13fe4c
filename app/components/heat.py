"""Weekday x hour as a field of links: each cell opens the calls that it counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from app.components.plain import Plain, h
from app.figures import units
from app.format import unbroken

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Cell(NamedTuple):
    """One cell: where its value stands between least and most (0 to 1), the value in short and in words, its calls."""

    share: float
    short: str
    words: str
    link: str


def heatmap(cells: Mapping[tuple[int, int], Cell]) -> Plain:
    """Cells by (weekday, hour), Monday = 0. On a phone hours run down instead of across (assets/cards.css)."""
    heads = [h("Span", f"{hour:02d}", cls="vh-heat-hour", style={"--hour": str(hour)}) for hour in range(24)]
    days = [
        h("Span", [h("Span", day[:3]), h("Span", day[3:], cls="visually-hidden")], cls="vh-heat-day",
          style={"--day": str(number)})
        for number, day in enumerate(WEEKDAYS)
    ]  # fmt: skip
    first = min(cells, default=None)
    shown = [
        _cell(cells.get((day, hour)), day, hour, first=(day, hour) == first) for day in range(7) for hour in range(24)
    ]
    return h("Div", [*heads, *days, *shown], cls="vh-heat", role="group", aria_label="Weekday and hour")


def legend(low: float, high: float, unit: str, currency: str | None = None) -> Plain:
    """What the colours of the cells stand for."""
    measured = ("in minutes" if high >= units.LONG_SECONDS else "in seconds") if unit == "s" else ""
    bar = h("Span", cls="vh-heat-scale", aria_hidden="true")
    ends = [units.text(end, unit, currency) for end in (low, high)]
    return h("Div", [h("Span", measured), ends[0], bar, ends[1]], cls="vh-heat-legend")


def too_short() -> Plain:
    """In place of a field of a few days: a way to a range in which the rhythm of a week shows."""
    return h("Div", [h("P", "The rhythm of a week shows in a range of a week and more."),
                     h("Button", "Show the last 4 weeks", type="button", cls="vh-button",
                       data_query='{"from":"now-28d/d","to":"now"}')], cls="vh-nothing")  # fmt: skip


def _cell(cell: Cell | None, day: int, hour: int, *, first: bool) -> Plain:
    place = {"--day": str(day), "--hour": str(hour)}
    if cell is None:
        return h("Span", cls="vh-heat-none", style=place, aria_hidden="true")
    when = f"{WEEKDAYS[day]}, {hour:02d}:00 to {(hour + 1) % 24:02d}:00"
    return h(
        "A",
        cell.short,
        href=cell.link,
        cls="vh-heat-cell",
        style=place | {"--share": f"{cell.share:.3f}"},
        aria_label=f"{when}: {cell.words}",
        data_tip=unbroken(f"{when}: {cell.words}"),
        # One stop for the keyboard; the arrows lead on (assets/voicehive/drill.js).
        tabIndex=0 if first else -1,
    )
