"""The frame of every page: navigation above, filter bar and content below, and what drives the refresh."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import dash_bootstrap_components as dbc
from dash import dcc, html

from app.auth.identity import Identity
from app.components import problems
from app.components.account import account_menu
from app.components.filterbar import KEYS, ZONE, zone_label
from app.components.plain import Plain, h, icon

ROOT, URL, INTERVAL, PAGE, LIVE, TOAST = "vh-root", "vh-url", "vh-interval", "vh-page", "vh-live", "vh-toast"


class Link(Protocol):
    """What navigation shows of a page."""

    @property
    def path(self) -> str: ...
    @property
    def title(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where the first layout is asked for: path and query string of the browser's address."""

    path: str = "/"
    search: str = ""


def shell(
    content: Any,
    *,
    pages: Iterable[Link],
    zone: str,
    refresh_seconds: float,
    place: Place,
    who: Identity | None = None,
    parts: dict[str, dict[str, Any]] | None = None,
) -> html.Div:
    """The whole page around `content`; `parts` are first values for what the navigation shows."""
    first = parts or {}
    # Dash wants a component of its own at the root; below it plain dicts will do.
    children: list[Any] = [
            dcc.Location(id=URL, pathname=place.path, search=place.search, refresh="callback-nav"),
            dcc.Interval(id=INTERVAL, interval=max(1.0, refresh_seconds) * 1000),
            h("A", "Skip to content", href="#vh-main", cls="vh-skip"),
            _navigation(pages, zone, place, who, first),
            h("Div", id="vh-banner", role="status"),
            h("Main", h("Div", content, id=PAGE), id="vh-main", cls="vh-main", tabIndex=-1),
            _problems(first),
            h("Div", id=problems.NEWS, hidden=True, **first.get(problems.NEWS, {})),
            dbc.Toast(id=TOAST, header="Something went wrong", is_open=False, dismissable=True, duration=12_000,
                      className="vh-toast"),
    ]  # fmt: skip
    may = " ".join(f"vh-may-{need}" for need in sorted(who.grants)) if who else ""
    return html.Div(children, id=ROOT, className=may)


def _navigation(
    pages: Iterable[Link], zone: str, place: Place, who: Identity | None, parts: dict[str, dict[str, Any]]
) -> Plain:
    links = [_page_link(p, place, "vh-nav-link") for p in pages]
    entries = [_page_link(p, place, "vh-menu-item") for p in pages]
    brand: list[Any] = [h("Span", cls="vh-mark", aria_hidden="true"), h("Span", "VoiceHive")]
    # Where there is no room for a row of links, the same in a menu.
    menu = h(
        "Details",
        [
            h("Summary", icon("list"), cls="vh-button vh-quiet vh-icon-button", aria_label="Pages"),
            h("Nav", entries, cls="vh-panel", aria_label="Pages"),
        ],
        cls="vh-menu vh-nav-menu",
    )
    return h(
        "Header",
        [
            menu,
            h("A", brand, href="/", cls="vh-brand", title="VoiceHive: overview", data_nav="1"),
            h("Nav", links, cls="vh-nav-links", aria_label="Pages"),
            h("Div", [_zone_menu(zone, parts), _bell(parts), _theme_button(), *account_menu(who)], cls="vh-nav-tools"),
        ],
        cls="vh-nav",
        data_keys=",".join(KEYS),
    )


def _page_link(page: Link, place: Place, cls: str) -> Plain:
    """A way to a page; assets/navigation.js takes the filter along and marks the page that is shown."""
    current = "page" if page.path == place.path else None
    return h("A", page.title, href=page.path, cls=cls, data_nav="1", data_page="1", aria_current=current)


def _zone_menu(zone: str, parts: dict[str, dict[str, Any]]) -> Plain:
    label = parts.get(ZONE, {"children": zone_label(zone)})
    choices = [
        h("Button", text, type="button", cls="vh-menu-item", data_zone=value)
        for text, value in ((f"{zone} (default)", ""), *((("UTC", "UTC"),) if zone != "UTC" else ()))
    ]
    browser = h("Button", "This browser's zone", type="button", cls="vh-menu-item", data_zone="browser")
    form = h(
        "Form",
        [
            h(
                "Label",
                ["Another zone", dbc.Input(id="vh-zone", list="vh-zones", size="sm", placeholder="Europe/Berlin")],
                cls="vh-field",
                htmlFor="vh-zone",
            ),
            h("Datalist", id="vh-zones"),
            h("P", id="vh-zone-error", cls="vh-field-error", role="alert"),
            h("Button", "Apply", type="submit", cls="vh-button vh-primary"),
        ],
        cls="vh-range-form",
        data_form="zone",
    )
    return h(
        "Details",
        [
            h(
                "Summary",
                [
                    icon("globe"),
                    h("Span", "Time zone: ", cls="visually-hidden"),
                    h("Span", id=ZONE, cls="vh-menu-label", **label),
                ],
                cls="vh-button vh-quiet",
            ),
            h(
                "Div",
                [h("Div", "Time zone", cls="vh-menu-title"), *choices, browser, form],
                cls="vh-panel vh-right",
            ),
        ],
        cls="vh-menu",
        id="vh-zone-menu",
    )


def _bell(parts: dict[str, dict[str, Any]]) -> Plain:
    count = parts.get(problems.BELL_COUNT, {"className": "vh-badge d-none"})
    return h(
        "Button",
        [icon("bell"), h("Span", id=problems.BELL_COUNT, **count)],
        type="button",
        cls="vh-button vh-quiet vh-icon-button",
        data_vh="bell",
        aria_label="Open problems",
        data_tip="Open problems",
    )


def _theme_button() -> Plain:
    return h(
        "Button",
        [icon("moon", "vh-when-light"), icon("sun", "vh-when-dark")],
        type="button",
        cls="vh-button vh-quiet vh-icon-button",
        data_vh="theme",
        aria_label="Switch between light and dark",
        data_tip="Light or dark",
    )


def _problems(parts: dict[str, dict[str, Any]]) -> dbc.Offcanvas:
    """The list behind the bell, at the side."""
    found = parts.get(problems.LIST, {})
    return dbc.Offcanvas(
        h("Ul", id=problems.LIST, cls="vh-problems", **found),
        id="vh-bell",
        title="Open problems",
        placement="end",
        is_open=False,
        labelledby="vh-bell",
    )


def live_status(page: str, *, versions: str = "", as_of: str = "") -> Plain:
    """How fresh the page is, a pause button, and for assets/live.js what is already there."""
    data = {"data-page": page, "data-versions": versions, "data-as-of": as_of}
    return h(
        "Div",
        [
            h("Span", cls="vh-pulse", aria_hidden="true"),
            h("Span", id="vh-age", cls="vh-age"),
            h(
                "Button",
                [icon("pause", "vh-when-running"), icon("play", "vh-when-paused")],
                type="button",
                cls="vh-button vh-quiet vh-icon-button",
                data_vh="pause",
                aria_label="Pause live updates",
                data_tip="Pause or resume live updates",
            ),
        ],
        id=LIVE,
        cls="vh-live",
        **data,
    )
