"""The card of any figure of data/kpis.py, against the fair previous period."""

from __future__ import annotations

from dataclasses import replace

from app.components.kpi import KpiCard
from app.figures import units
from app.format import known, trend
from data.kpis import KPIS, Kpi
from data.queries.kpis import KpiReport

#: A rate of fewer calls moves by chance.
FEW_CALLS = 30
#: Figures that only some calls carry, and under which name their coverage is known.
_COVERED = {"csat": "csat", "cost": "cost", "latency": "latency", "duration": "duration", "wait": "wait"}


def figure_card(
    key: str,
    icon: str,
    report: KpiReport,
    *,
    compare: bool,
    currency: str | None = None,
    note: str = "",
    unknown: str = "not known in this range",
    kpi: Kpi | None = None,
) -> KpiCard:
    """`note` stands where there is no trend; `unknown` says why there is no figure; `kpi` is it, if none of KPIS."""
    kpi, value, before = kpi or KPIS[key], report.current.get(key), report.previous.get(key)
    card = KpiCard(kpi.label, icon, units.text(value, kpi.unit, currency), kpi.definition,
                   exact=units.exact(value, kpi.unit, currency), coverage=_coverage(key, report))  # fmt: skip
    if not known(value):
        return replace(card, note=unknown, coverage=None)
    fewest = int(min(report.current.get("total_calls") or 0, report.previous.get("total_calls") or 0))
    if compare and not report.previous.get("total_calls"):
        return replace(card, note=note or "no calls before")
    found = trend(value, before, kpi.better, kpi.unit) if compare else None
    if found is None:
        return replace(card, note=note or ("not known before" if compare else "in this range"))
    if kpi.unit != "calls" and fewest < FEW_CALLS:
        return replace(card, trend=replace(found, verdict="neutral"), note=note or f"n = {fewest}")
    return replace(card, trend=found, note=note)


def _coverage(key: str, report: KpiReport) -> float | None:
    own = report.coverage.get(key)
    if own is not None:
        return float(own)
    name = next((carried for word, carried in _COVERED.items() if word in key), "")
    found = report.coverage.get(name)
    return None if found is None else float(found)
