"""The filter bar. Its state is the query string; the browser changes that (assets/filters.js) and fetches at once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import dash_bootstrap_components as dbc

from app.addresses import exact, plain
from app.components.plain import Plain, h, icon
from app.components.views_menu import views_menu
from app.filters import BOUNDS, NUMBERS
from app.format import duration, milliseconds
from data.callsets import LABELS
from data.filters import LISTS

if TYPE_CHECKING:
    from app.filters import PageFilter

RANGE, ZONE, COMPARE, CHIPS = "vh-range-label", "vh-zone-label", "vh-compare", "vh-chips"

#: Every key of the query string that is part of the filter: what a way to another page takes along.
KEYS = ("from", "to", "zone", "compare", "kiosk", "q", "of", "again", "at", *LISTS, *NUMBERS, *BOUNDS)

PRESETS = {
    ("now-15m", "now"): "Last 15 minutes",
    ("now-1h", "now"): "Last hour",
    ("now-6h", "now"): "Last 6 hours",
    ("now-24h", "now"): "Last 24 hours",
    ("now-7d", "now"): "Last 7 days",
    ("now-30d", "now"): "Last 30 days",
    ("now-90d", "now"): "Last 90 days",
    ("now/d", "now"): "Today",
    ("now-1d/d", "now-1d/d"): "Yesterday",
    ("now/w", "now"): "This week",
    ("now/M", "now"): "This month",
    ("now-1M/M", "now-1M/M"): "Last month",
}
_LONG_LABEL = 20
#: What the filter menu offers, and its name there.
FACETS = {
    "agent": "Agent",
    "agent_version": "Agent version",
    "queue": "Queue",
    "status": "Status",
    "direction": "Direction",
    "source": "Source",
    "tags": "Tag",
    "end_reason_group": "End reason",
    "end_reason": "End reason, exact",
    "language": "Language",
    "sentiment": "Sentiment",
}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def filter_parts(page: PageFilter) -> dict[str, dict[str, Any]]:
    """What the bar says about the filter in use."""
    return {
        RANGE: _range(page),
        ZONE: {"children": zone_label(page.filter.zone)},
        COMPARE: {"aria-pressed": "true" if page.compare else "false"},
        CHIPS: {"children": _chips(page)},
    }


def _range(page: PageFilter) -> dict[str, Any]:
    label = range_label(page)
    # On a phone a long one is set in smaller type, on two lines.
    tone = "vh-menu-label vh-long" if len(label) > _LONG_LABEL else "vh-menu-label"
    return {"children": label, "className": tone, **_ends(page)}


def range_label(page: PageFilter) -> str:
    """The range in words: "Last 24 hours", or its two ends in the zone."""
    preset = PRESETS.get((page.range_from, page.range_to))
    if preset:
        return preset
    start, end = (_local(instant, page.filter.zone) for instant in (page.filter.start, page.filter.end))
    # The year may be left out where there is only one that it can be.
    present = datetime.now(tz=ZoneInfo(page.filter.zone)).year
    year = any(moment.year != present for moment in (start, end) if moment)
    if page.range_to == "now" and start:
        return f"Since {_moment_label(start, year=year)}"
    if start and end and start.date() == end.date():
        return f"{_moment_label(start, year=year)} – {end:%H:%M}"
    return f"{_moment_label(start, year=year)} – {_moment_label(end, year=year)}"


def _moment_label(moment: datetime | None, *, year: bool) -> str:
    if moment is None:
        return "…"
    return f"{moment.day} {moment:%b %Y, %H:%M}" if year else f"{moment.day} {moment:%b, %H:%M}"


def _ends(page: PageFilter) -> dict[str, str]:
    """Both ends on the zone's clock: the browser fills the form of the custom range with them."""
    ends = {"data-from": page.filter.start, "data-to": page.filter.end}
    found = {name: _local(instant, page.filter.zone) for name, instant in ends.items()}
    return {name: f"{moment:%Y-%m-%dT%H:%M}" if moment else "" for name, moment in found.items()}


def zone_label(zone: str) -> str:
    """The city of a zone: "Europe/Berlin" is "Berlin"."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def _local(instant: int | None, zone: str) -> datetime | None:
    return None if instant is None else datetime.fromtimestamp(instant // 1_000_000, tz=UTC).astimezone(ZoneInfo(zone))


def _chips(page: PageFilter) -> list[Plain]:
    chosen = [(name, value) for name in (*LISTS, *NUMBERS, "of") for value in getattr(page.filter, name)]
    single = [(name, getattr(page.filter, name)) for name in (*BOUNDS, "again", "q")]
    single.append(("at", exact(page.filter.at)))
    chosen += [(name, value) for name, value in single if value not in ("", None)]
    return [_chip(name, plain(value) if isinstance(value, float) else str(value)) for name, value in chosen]


def _chip(name: str, value: str) -> Plain:
    label = chip_label(name, value)
    return h(
        "Button",
        [h("Span", label, cls="vh-chip-label"), icon("x")],
        type="button",
        cls="vh-chip",
        data_remove=urlencode({name: value}),
        aria_label=f"Remove filter {label}",
        key=label,
    )


def chip_label(name: str, value: str) -> str:
    """A condition of the filter in words."""
    match name:
        case "q":
            return f"search: {value}"
        case "again":
            return f"called again within {value.replace('h', ' h').replace('d', ' days')}"
        case "of":
            return LABELS[value]
        case "at":
            return f"in progress at {value[:19].replace('T', ' ')} UTC"
        case "weekday":
            return _WEEKDAYS[int(value)]
        case "hour":
            return f"from {int(value):02d}:00 to {int(value) + 1:02d}:00"
        case "min_duration":
            return f"{duration(float(value))} or longer"
        case "max_duration":
            return f"shorter than {duration(float(value))}"
        case "min_wait":
            return f"waited {duration(float(value))} or longer"
        case "max_wait":
            return f"waited less than {duration(float(value))}"
        case "min_latency":
            return f"latency of {milliseconds(float(value))} or more"
        case "max_latency":
            return f"latency under {milliseconds(float(value))}"
        case "status" | "end_reason_group":
            return f"{name.replace('_', ' ')}: {value.replace('_', ' ')}"
        case _:
            return f"{name.replace('_', ' ')}: {value}"


def filter_bar(parts: dict[str, dict[str, Any]], live: Any, *, of_calls: bool = True) -> Plain:
    """Range and, on pages of calls, values, search, comparison, chips; on the right how fresh the page is."""
    if not of_calls:
        return _bar([_range_menu(parts)], live)
    compare = h(
        "Button",
        [icon("compare"), h("Span", "Compare")],
        id=COMPARE,
        type="button",
        cls="vh-button",
        data_vh="compare",
        aria_label="Compare with the previous period",
        data_tip="Show the previous period",
        **parts.get(COMPARE, {}),
    )
    chips = h("Div", id=CHIPS, cls="vh-chips", **parts.get(CHIPS, {}))
    return _bar([_range_menu(parts), _values_menu(), _search(), compare, views_menu(), chips], live)


def _bar(controls: list[Plain], live: Any) -> Plain:
    return h(
        "Div",
        [h("Div", controls, cls="vh-filters"), live],
        cls="vh-filterbar",
        role="region",
        aria_label="Filters",
    )


def _search(name: str = "vh-q") -> Plain:
    field = dbc.Input(id=name, type="search", size="sm", placeholder="Search calls", className="vh-q", debounce=False)
    return h("Label", [icon("search"), h("Span", "Search calls", cls="visually-hidden"), field], cls="vh-search",
             htmlFor=name)  # fmt: skip


def _values_menu() -> Plain:
    """All that calls can be chosen by: facets on one side, the values of one on the other (assets/values.js)."""
    facets = [
        h("Button", h("Span", label), type="button", cls="vh-menu-item vh-facet", data_facet=name)
        for name, label in FACETS.items()
    ]
    field = dbc.Input(id="vh-values-search", type="search", size="sm", placeholder="Search values")
    values = [
        h("Label", [h("Span", "Search values", cls="visually-hidden"), field], htmlFor="vh-values-search"),
        h("Div", id="vh-values", cls="vh-values", role="group", aria_label="Values"),
        h("P", id="vh-values-note", cls="vh-note", role="status"),
    ]
    panel = [_search("vh-q-sheet"), h("Div", facets, cls="vh-facets"), h("Div", values, cls="vh-values-side")]
    return h(
        "Details",
        [
            h(
                "Summary",
                [icon("funnel"), h("Span", "Filter"), icon("chevron-down")],
                cls="vh-button",
                aria_label="Filter calls",
            ),
            h("Div", panel, cls="vh-panel vh-values-panel"),
        ],
        cls="vh-menu",
        id="vh-values-menu",
    )


def _range_menu(parts: dict[str, dict[str, Any]]) -> Plain:
    label = h("Span", id=RANGE, cls="vh-menu-label", **parts.get(RANGE, {"children": "Time range"}))
    presets = [
        h(
            "Button",
            text,
            type="button",
            cls="vh-menu-item",
            data_query=json.dumps({"from": begin, "to": end}, separators=(",", ":")),
        )
        for (begin, end), text in PRESETS.items()
    ]
    form = h(
        "Form",
        [
            h("Div", "Custom range", cls="vh-menu-title"),
            _moment("vh-from", "From"),
            _moment("vh-to", "To"),
            h("P", id="vh-range-error", cls="vh-field-error", role="alert"),
            h("Button", "Apply", type="submit", cls="vh-button vh-primary"),
        ],
        cls="vh-range-form",
        data_form="range",
    )
    return h(
        "Details",
        [
            h("Summary", [icon("calendar"), label, icon("chevron-down")], cls="vh-button"),
            h("Div", [h("Div", presets, cls="vh-presets"), form], cls="vh-panel vh-range-panel"),
        ],
        cls="vh-menu",
    )


def _moment(name: str, label: str) -> Plain:
    # Plain HTML knows this type; the component only does not list it.
    field = dbc.Input(id=name, type="datetime-local", size="sm")  # type: ignore[arg-type,unused-ignore]
    return h("Label", [label, field], cls="vh-field", htmlFor=name)
