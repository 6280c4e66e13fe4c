"""Where everything stands on the page of calls."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from app.components.filterbar import filter_bar
from app.components.plain import Plain, h, icon
from app.pages.calls import ids
from app.pages.calls.columns import COLUMNS
from data.queries.rows import DEPTH

Parts = dict[str, dict[str, Any]]


def layout(parts: Parts, live: Any) -> Plain:
    """The page; the table itself is made by assets/voicehive/calls.js, whose scripts only this page needs."""
    head = [
        h(
            "H2",
            h("Span", id=ids.TOTAL, role="status", **parts.get(ids.TOTAL, {"children": "Calls"})),
            cls="vh-card-title",
        ),
        h("Span", id="ca-note", cls="vh-note"),
        h("Button", "Show newer calls", type="button", id="ca-newer", cls="vh-link d-none", data_calls="newer"),
        h("Div", [_columns(), _export(parts)], cls="vh-card-extra vh-card-menus"),
    ]
    spec = json.dumps([asdict(column) for column in COLUMNS], separators=(",", ":"))
    # Empty for React: the browser fills it.
    grid = h("Div", id=ids.GRID, cls="vh-calls-grid", data_columns=spec, data_depth=str(DEPTH))
    return h(
        "Div",
        [
            h("H1", "Calls", cls="visually-hidden"),
            filter_bar(parts, live),
            h("Div", id=ids.EMPTY, **parts.get(ids.EMPTY, {"className": "vh-empty d-none"})),
            h("Section", [h("Header", head, cls="vh-card-head"), grid], cls="vh-card vh-calls", aria_label="Calls"),
        ],
    )


def _columns() -> Plain:
    return _menu("columns", "Columns", h("Div", id="ca-columns", cls="vh-columns"))


def _export(parts: Parts) -> Plain:
    return _menu("download", "Export", h("Div", id=ids.EXPORT, **parts.get(ids.EXPORT, {})))


def _menu(picture: str, label: str, content: Plain) -> Plain:
    return h(
        "Details",
        [
            h("Summary", [icon(picture), h("Span", label)], cls="vh-button", aria_label=label),
            h("Div", content, cls="vh-panel vh-right"),
        ],
        cls=f"vh-menu vh-menu-{picture}",
    )
