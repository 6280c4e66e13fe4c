"""What a report says in sentences."""

from __future__ import annotations

from collections.abc import Mapping

from app.figures import units
from app.format import count, duration, milliseconds, money
from data.callsets import LABELS
from data.filters import LISTS, UNKNOWN, CallFilter
from data.kpis import KPIS
from data.queries.changes import Change

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def changed(change: Change, currency: str | None) -> str:
    """Success rate fell by 3.1 points to 86.3 %, mostly agent roxy in queue billing."""
    kpi = KPIS[change.kpi]
    moved = "rose" if change.after > change.before else "fell"
    size = abs(change.after - change.before)
    text = f"{kpi.label} {moved} by {_size(size, change.before, kpi.unit, currency)}"
    text += f" to {units.text(change.after, kpi.unit, currency)}"
    if change.where:
        text += f"; mostly {_place(change.where)}"
    return f"{text}."


def _size(size: float, before: float, unit: str, currency: str | None) -> str:
    if unit == "%":
        return f"{size:.1f} points"
    part = f" ({100 * size / abs(before):.0f} %)" if before else ""
    if unit == "calls":
        return f"{count(size)}{part}"
    if unit == "s":
        return f"{duration(size)}{part}"
    if unit == "ms":
        return f"{milliseconds(size)}{part}"
    return f"{money(size, currency)}{part}" if unit == "money" else f"{size:.2f}"


def _place(where: Mapping[str, str]) -> str:
    """agent roxy in queue billing · queue billing · agent roxy."""
    return " in ".join(f"{name} {value}" for name, value in where.items())


def conditions(chosen: CallFilter) -> list[str]:
    """What the calls are narrowed to: "Agent: roxy or mia"."""
    found = [_listed(name, getattr(chosen, name)) for name in LISTS if getattr(chosen, name)]
    if chosen.weekday:
        found.append(f"Weekday: {' or '.join(DAYS[day] for day in chosen.weekday)}")
    if chosen.hour:
        found.append(f"Hour: {' or '.join(f'{hour}:00' for hour in chosen.hour)}")
    if chosen.csat:
        found.append(f"Rating: {' or '.join(map(str, chosen.csat))}")
    if chosen.min_duration is not None:
        found.append(f"At least {duration(chosen.min_duration)} long")
    if chosen.max_duration is not None:
        found.append(f"Shorter than {duration(chosen.max_duration)}")
    found += [f"Only {LABELS[name]}" for name in chosen.of]
    if chosen.again:
        found.append(f"Only callers who called again within {chosen.again}")
    if chosen.q:
        found.append(f"With “{chosen.q}”")
    return found


def _listed(name: str, values: tuple[str, ...]) -> str:
    shown = ("not known" if value == UNKNOWN else value for value in values)
    return f"{name.replace('_', ' ').capitalize()}: {' or '.join(shown)}"
