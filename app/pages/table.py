"""The pages that exist. Navigation, router and refresh all read this table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dash

from app.addresses import call_of
from app.components.guard import Parts
from app.pages.admin import callbacks as admin_callbacks
from app.pages.admin.layout import layout as admin_layout
from app.pages.admin.parts import parts as admin_parts
from app.pages.agents import callbacks as agents_callbacks
from app.pages.agents.layout import layout as agents_layout
from app.pages.agents.parts import parts as agents_parts
from app.pages.alerts import callbacks as alerts_callbacks
from app.pages.alerts.layout import layout as alerts_layout
from app.pages.alerts.parts import parts as alerts_parts
from app.pages.calls import callbacks as calls_callbacks
from app.pages.calls.layout import layout as calls_layout
from app.pages.calls.parts import parts as calls_parts
from app.pages.outcomes import callbacks as outcomes_callbacks
from app.pages.outcomes.layout import layout as outcomes_layout
from app.pages.outcomes.parts import parts as outcomes_parts
from app.pages.overview import callbacks as overview_callbacks
from app.pages.overview.layout import layout as overview_layout
from app.pages.overview.parts import parts as overview_parts
from app.pages.quality import callbacks as quality_callbacks
from app.pages.quality.layout import layout as quality_layout
from app.pages.quality.parts import parts as quality_parts
from app.pages.reports import callbacks as reports_callbacks
from app.pages.reports.layout import layout as reports_layout
from app.pages.reports.parts import parts as reports_parts
from app.pages.service_level import callbacks as service_callbacks
from app.pages.service_level.layout import layout as service_layout
from app.pages.service_level.parts import parts as service_parts
from app.pages.system import callbacks as system_callbacks
from app.pages.system.layout import layout as system_layout
from app.pages.system.parts import parts as system_parts
from app.pages.trends import callbacks as trends_callbacks
from app.pages.trends.layout import layout as trends_layout
from app.pages.trends.parts import parts as trends_parts

if TYPE_CHECKING:
    from app.filters import PageFilter
    from app.services import Services

PartsOf = Callable[["PageFilter", "Services"], Parts]


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its address, its name in the navigation and in the refresh, and what it is made of."""

    path: str
    title: str
    name: str
    layout: Callable[[Parts, Any], Any]
    parts: PartsOf
    register: Callable[[dash.Dash], None]


PAGES = (
    Page("/", "Overview", "overview", overview_layout, overview_parts, overview_callbacks.register),
    Page("/calls", "Calls", "calls", calls_layout, calls_parts, calls_callbacks.register),
    Page("/trends", "Trends", "trends", trends_layout, trends_parts, trends_callbacks.register),
    Page("/agents", "Agents", "agents", agents_layout, agents_parts, agents_callbacks.register),
    Page("/quality", "Quality", "quality", quality_layout, quality_parts, quality_callbacks.register),
    Page("/service-level", "Service level", "service-level", service_layout, service_parts, service_callbacks.register),
    Page("/outcomes", "Outcomes", "outcomes", outcomes_layout, outcomes_parts, outcomes_callbacks.register),
    Page("/system", "System", "system", system_layout, system_parts, system_callbacks.register),
    Page("/reports", "Reports", "reports", reports_layout, reports_parts, reports_callbacks.register),
    Page("/alerts", "Alerts", "alerts", alerts_layout, alerts_parts, alerts_callbacks.register),
    Page("/admin", "Admin", "admin", admin_layout, admin_parts, admin_callbacks.register),
)


def find(path: str | None) -> Page | None:
    """The page at an address (a trailing slash does not matter)."""
    wanted = (path or "/").rstrip("/") or "/"
    return next((page for page in PAGES if page.path == wanted), None)


def page_name(path: str) -> str | None:
    """The name of the page at an address; None if there is none."""
    if call_of(path) is not None:
        return "call"
    page = find(path)
    return page.name if page else None
