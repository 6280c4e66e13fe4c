"""Where everything stands on the page of alerts: views as tabs, the list, and beside it the alert that is open."""

from __future__ import annotations

from typing import Any

from dash import dcc

from app.auth.current import author, current
from app.auth.permissions import Need
from app.components.filterbar import filter_bar
from app.components.guard import Parts
from app.components.plain import Plain, h
from app.figures.parts import EMPTY
from app.pages.alerts import ids
from app.pages.alerts.dialogs import dialogs
from app.theme import GRAPH_CONFIG


def layout(parts: Parts, live: Any) -> Plain:
    """The page with its first values; without values it shows skeletons until the first answer."""
    who = current()
    needs = {"operate": Need.OPERATE, "admin": Need.ADMIN}
    return h(
        "Div",
        [
            h("H1", "Alerts", cls="visually-hidden"),
            filter_bar(parts, live, of_calls=False),
            h("Div", id=ids.TABS, cls="al-tabs", **parts.get(ids.TABS, {})),
            h(
                "Div",
                [
                    h("Div", id=ids.BODY, cls="al-body vh-fill", **parts.get(ids.BODY, {})),
                    h("Aside", [h("Div", id=ids.DETAIL, **parts.get(ids.DETAIL, {})), _chart(parts),
                               h("Div", id=ids.FACTS, **parts.get(ids.FACTS, {}))],
                      cls="al-side", aria_label="The alert that is open"),
                ],
                cls="al-split",
            ),
            *dialogs(author("")),
        ],
        # The parts are the same for everybody: style sheets leave out what one may not do.
        data_may=" ".join(word for word, need in needs.items() if who is not None and who.may(need)),
        cls="al-page",
    )  # fmt: skip


def _chart(parts: Parts) -> Plain:
    first = parts.get(ids.CHART, {"figure": EMPTY})
    config: Any = GRAPH_CONFIG
    graph = dcc.Graph(id=ids.CHART, config=config, responsive=True, **first)
    note = f"{ids.CHART}-note"
    content = [
        h("Div", cls="vh-legend"),
        h("Div", graph, cls="vh-chart"),
        h("Figcaption", id=note, cls="vh-chart-note", **parts.get(note, {})),
    ]
    figure = h("Figure", content, cls="vh-figure", aria_describedby=note)
    return h("Div", figure, id=ids.CHART_BOX, **parts.get(ids.CHART_BOX, {"className": "al-chart d-none"}))
