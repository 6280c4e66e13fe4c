"""Where everything stands on the page of administration: views as tabs, below them the one that is chosen."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc

from app.auth.current import current
from app.components.guard import Parts
from app.components.plain import Plain, h, icon
from app.pages.admin import ids
from app.pages.admin.dialogs import dialogs


def layout(parts: Parts, live: Any) -> Plain:
    """The page with its first values."""
    who = current()
    field = dbc.Input(id="ad-find", type="search", size="sm", placeholder="Search the log", debounce=False)
    search = h("Label", [icon("search"), h("Span", "Search the log", cls="visually-hidden"), field],
               cls="vh-search ad-search", htmlFor="ad-find")  # fmt: skip
    tabs = h("Div", id=ids.TABS, cls="al-tabs", **parts.get(ids.TABS, {}))
    return h(
        "Div",
        [
            h("H1", "Administration", cls="visually-hidden"),
            h("Div", [h("Div", [tabs, search], cls="vh-filters"), live], cls="vh-filterbar"),
            h("Div", id=ids.BODY, cls="al-body ad-body", **parts.get(ids.BODY, {})),
            *dialogs(),
        ],
        cls="ad-page",
        data_own=who.session_id if who is not None else None,
    )
