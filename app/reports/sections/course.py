"""What happened when: one query over the period's hours or days for all charts over time."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from sqlalchemy import func

from app.figures import units
from app.figures.parts import Figure, Trace, finished, gaps, header, line
from app.figures.volume import STATUSES
from app.figures.volume import volume as volume_figure
from app.format import count
from app.reports.content import Cell, Chart, Column, Section, Table, rows_of
from app.reports.sections.given import Given
from app.reports.words import DAYS
from data.kpis import KPIS, count_where, has_status
from data.models import Status, calls
from data.queries.series import filled, series
from data.queries.trends import heat
from data.times import DAY, buckets

_FIGURES = (
    "total_calls", "offered", "success_rate", "abandonment_rate", "service_level", "asa_seconds",
    "avg_duration_seconds", "p95_duration_seconds", "csat", "avg_latency_ms", "p95_latency_ms", "cost",
)  # fmt: skip
_ENDED = {name: text for name, text in STATUSES.items() if name != Status.IN_PROGRESS}


def figures(given: Given) -> pd.DataFrame:
    """bucket_start, a count a status, `rated`, and the figures of data/kpis.py; every bucket present."""
    wanted = {name: count_where(has_status(Status(name))) for name in _ENDED}
    wanted |= {name: KPIS[name].sql for name in _FIGURES} | {"rated": func.count(calls.c.csat)}
    frame = series(given.copy, given.chosen, given.grid, wanted, name="report_series")
    return filled(frame, given.grid, [*_ENDED, "total_calls", "offered", "rated"])


def volume(given: Given, frame: pd.DataFrame) -> Section:
    """Calls by how they ended."""
    shown = [name for name in _ENDED if frame[name].sum()] or [Status.SUCCESS.value]
    first = "Day" if given.unit == "day" else "Hour"
    columns = [
        Column(first, given.unit), Column("Total calls", "calls"), *(Column(_ENDED[n], "calls") for n in shown),
        Column("Success rate", "%"), Column("Average duration", "s"), Column("p95 duration", "s"),
    ]  # fmt: skip
    names = [
        "bucket_start",
        "total_calls",
        *shown,
        "success_rate",
        "avg_duration_seconds",
        "p95_duration_seconds",
    ]
    table = Table("Volume", f"Calls by {first.lower()}", columns, rows_of(frame, names))
    figure = volume_figure(
        frame[["bucket_start", *_ENDED]], _previous(given), step=given.step, zone=given.chosen.zone, as_of=given.now
    )
    words = _extremes(given, frame)
    chart = Chart("volume", f"Calls by {first.lower()}", figure, words, table.name, [_ENDED[n] for n in shown], "bar")
    tables = [table, _rhythm(given)] if given.step >= DAY and given.total else [table]
    return Section("volume", "Volume", [words], [chart], tables)


def _rhythm(given: Given) -> Table:
    """Calls by hour and weekday."""
    frame = heat(given.copy, given.chosen, "total_calls")
    found = {(hour, day): int(n) for day, hour, n in frame[["weekday", "hour", "value"]].itertuples(index=False)}
    rows: list[list[Cell]] = [
        [f"{hour:02d}:00", *(found.get((hour, day), 0) for day in range(7))] for hour in range(24)
    ]
    columns = [Column("Hour"), *(Column(day[:3], "calls") for day in DAYS)]
    return Table("Weekday and hour", "Calls by weekday and hour", columns, rows, shaded=True)


def _previous(given: Given) -> list[int | None]:
    """Total calls of the previous period's bars, in step with those of this one."""
    earlier = given.chosen.previous()
    if earlier is None or earlier.start is None or earlier.end is None:
        return []
    grid = buckets(earlier.start, earlier.end, given.step, earlier.zone)
    frame = series(given.copy, replace(earlier), grid, {"n": KPIS["total_calls"].sql}, name="report_previous")
    found: list[int | None] = filled(frame, grid, ["n"])["n"].tolist()[: len(given.grid)]
    return found + [None] * (len(given.grid) - len(found))


def _extremes(given: Given, frame: pd.DataFrame) -> str:
    totals = frame["total_calls"].tolist()
    if not any(totals):
        return "No calls in this period."
    spans = given.axis.spans()
    most = max(range(len(totals)), key=totals.__getitem__)
    text = f"Most calls: {spans[most].removesuffix(' so far')} ({count(totals[most])})."
    quiet = sum(not n for n in totals)
    if quiet:
        one = "day" if given.unit == "day" else "hour"
        text += f" {count(quiet)} {one}{'s' if quiet > 1 else ''} without a call."
    return text


def lines(given: Given, frame: pd.DataFrame, shown: dict[str, tuple[str, str]]) -> Figure:
    """Figures of one unit over time: name of data/kpis.py -> its label and its colour."""
    axis, unit = given.axis, KPIS[next(iter(shown))].unit
    values = {name: units.rounded(gaps(frame[name], 4), unit) for name in shown}
    traces: list[Trace] = [header(axis, values[next(iter(shown))], "<b>%{customdata}</b>")]
    for place, (name, (label, tint)) in enumerate(shown.items()):
        style = {"width": 2.25 if not place else 1.5, "dash": "solid" if not place else "dash"}
        traces.append(line(label, axis, values[name], tint, **style, **units.hover(unit, given.currency)))
    seen = [value for each in values.values() for value in each]
    return finished(traces, axis, "", yaxis=units.scale(seen, unit, given.currency))
