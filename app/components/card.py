"""Cards: a quiet frame with a title, a unit and the definition of what is in it."""

from __future__ import annotations

from typing import Any

from dash import dcc

from app.components.kpi import help_button
from app.components.plain import Plain, h, icon
from app.figures.parts import EMPTY
from app.theme import GRAPH_CONFIG


def card(
    title: str,
    body: Any,
    *,
    unit: str = "",
    definition: str = "",
    span: str = "",
    extra: Any = None,
    head: Plain | None = None,
) -> Plain:
    """A card of the grid; `span` names its width there (assets/layout.css); `head` where the refresh changes it."""
    content = body if isinstance(body, list) else [body]
    top = head or h("Header", card_head(title, unit=unit, definition=definition, extra=extra), cls="vh-card-head")
    return h("Section", [top, *content], cls=f"vh-card {span}".rstrip(), aria_label=title)


def card_head(title: str, *, unit: str = "", definition: str = "", extra: Any = None) -> list[Plain]:
    """Title, unit and "?" of a card."""
    head = [h("H2", title, cls="vh-card-title")]
    if unit:
        head.append(h("Span", unit, cls="vh-card-unit"))
    if definition:
        head.append(help_button(title, definition))
    if extra is not None:
        head.append(h("Div", extra, cls="vh-card-extra"))
    return head


def live_head(name: str, parts: dict[str, dict[str, Any]], title: str) -> Plain:
    """A head that is a part of the refresh: its children are a `card_head`."""
    return h("Header", id=name, cls="vh-card-head", **parts.get(name, {"children": card_head(title)}))


def chart_card(title: str, chart_id: str, parts: dict[str, dict[str, Any]], **frame: Any) -> Plain:
    """A card around a chart. `parts` holds the first figure and, under `<chart_id>-note`, its words for readers."""
    note = f"{chart_id}-note"
    body = h(
        "Figure",
        [
            # Filled by assets/voicehive/charts.js: a legend that a keyboard reaches and that wraps on a phone.
            h("Div", cls="vh-legend"),
            h(
                "Div",
                _graph(chart_id, parts.get(chart_id, {})),
                cls="vh-chart",
            ),
            h(
                "Div",
                cls="vh-as-table",
                hidden=True,
                tabIndex=0,
                role="region",
                aria_label=f"{title} as a table",
                data_title=title,
            ),
            h("Figcaption", id=note, cls="vh-chart-note", **parts.get(note, {})),
        ],
        cls="vh-figure",
        aria_describedby=note,
    )
    return card(title, [_menu(title), body], **frame)


def _menu(title: str) -> Plain:
    """What can be done with a chart (assets/voicehive/chartmenu.js, table.js)."""
    actions = {"table": "As a table", "image": "Save as image", "full-screen": "Full screen"}
    choices = [
        h("Button", text, type="button", cls=f"vh-menu-item vh-menu-{name}", data_vh=name)
        for name, text in actions.items()
    ]
    summary = h("Summary", icon("three-dots"), cls="vh-button vh-quiet vh-icon-button", aria_label=f"{title}: more")
    return h("Details", [summary, h("Div", choices, cls="vh-panel vh-right")], cls="vh-menu vh-chart-menu")


def kpi_card(card_id: str, parts: dict[str, dict[str, Any]]) -> Plain:
    """The frame of a key figure; its content comes from the parts."""
    return h("Section", id=card_id, cls="vh-card vh-kpi", **parts.get(card_id, {}))


def _graph(chart_id: str, first: dict[str, Any]) -> Any:
    # A plain mapping is what it takes; the generated type wants a TypedDict of its own.
    config: Any = GRAPH_CONFIG
    return dcc.Graph(id=chart_id, config=config, responsive=True, **(first or {"figure": EMPTY}))
