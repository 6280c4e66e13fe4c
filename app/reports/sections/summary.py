"""All key figures, and the alerts of the period."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.history import by_rule, incidents, mean
from app.format import duration
from app.reports.content import Column, KeyFigure, Section, Table
from app.reports.sections.given import Given

_MS = 1000


def key_figures(given: Given, found: Sequence[KeyFigure]) -> Section:
    """Each figure beside the fair previous period; mixed units, so that each row carries its own."""
    columns = [
        Column("Figure"), Column("Value", "mixed"), Column("Previous", "mixed"), Column("Change", "mixed"),
        Column("Unit"), Column("Known for", "%"), Column("Definition"),
    ]  # fmt: skip
    rows = [
        (
            each.label,
            each.value,
            each.previous,
            None if each.value is None or each.previous is None else each.value - each.previous,
            (given.currency or "") if each.unit == "money" else each.unit,
            each.coverage,
            each.definition,
        )
        for each in found
    ]
    return Section("figures", "All key figures", tables=[Table("Key figures", "All key figures", columns, rows)])


def alerts(given: Given) -> Section:
    """What fired, how soon somebody took note and how soon it was over."""
    start, end = (given.chosen.start or 0) // _MS, (given.chosen.end or 0) // _MS
    found = incidents(given.record, start, end, given.now // _MS)
    if not found:
        return Section("alerts", "Alerts", ["No alert fired in this period."])
    mtta, mttr = mean(each.ms_to_acknowledge for each in found), mean(each.ms_to_resolve for each in found)
    columns = [
        Column("Alert"), Column("Severity"), Column("Fired", "calls"), Column("Acknowledged", "calls"),
        Column("Mean time to acknowledge", "s"), Column("Mean time to resolve", "s"), Column("Firing in all", "s"),
    ]  # fmt: skip
    rows = [
        (
            rule.name,
            rule.severity,
            rule.fired,
            rule.acknowledged,
            _seconds(rule.mtta),
            _seconds(rule.mttr),
            rule.firing_ms / 1000,
        )
        for rule in by_rule(found, given.now // _MS)
    ]
    times = "alert" if len(found) == 1 else "alerts"
    lead = (
        f"{len(found):,} {times} fired. Mean time to acknowledge {duration(_seconds(mtta))}, "
        f"to resolve {duration(_seconds(mttr))}."
    )
    note = "The system's alerts, whatever calls the report is narrowed to." if given.chosen.narrowed else ""
    return Section("alerts", "Alerts", [lead], tables=[Table("Alerts", "Alerts by rule", columns, rows, note)])


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
