"""The first picture of a page: its layout with the data already in it, so that nothing is fetched twice."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from dash import dcc, html
from flask import has_request_context, request
from werkzeug.datastructures import MultiDict

from app.addresses import call_of
from app.api.notes import notes_shown
from app.auth.current import current, shown
from app.auth.permissions import PAGES as NEEDS
from app.components.guard import Parts
from app.components.plain import Plain, h
from app.components.problems import problem_parts
from app.filters import BadFilter
from app.live import State, WithoutRecord, page_state
from app.pages.call import layout as call_page
from app.pages.table import PAGES, Page, find, page_name
from app.shell import Place, live_status, shell
from data.queries.same_caller import same_caller
from data.record import RecordUnavailable
from data.traces.reading import call_trace

if TYPE_CHECKING:
    from app.filters import PageFilter
    from app.services import Services

log = logging.getLogger(__name__)


def place_of_request() -> Place:
    """Where the browser is: it asks for the layout from its page, so the page's address is the referrer."""
    try:
        address = urlsplit(request.referrer or "/" if has_request_context() else "/")
    except ValueError:
        return place_at("/")
    return place_at(address.path or "/", address.query)


def place_at(path: str, query: str = "") -> Place:
    """The page that is shown to the one who asks for this one."""
    path, query = shown(path, query)
    return Place(path, f"?{query}" if query else "")


def whole(services: Services) -> html.Div:
    """The layout of the whole page for the request being served."""
    place = place_of_request()
    content, parts = rendered(place, services)
    parts = problem_parts(services.problems()) | parts
    settings = services.settings
    return shell(
        content,
        pages=[page for page in PAGES if _may_see(page.name)],
        zone=settings.timezone,
        refresh_seconds=settings.refresh_seconds,
        place=place,
        who=current(),
        parts=parts,
    )


def _may_see(name: str) -> bool:
    """Whether the one who is asking may see a page; what is listed nowhere nobody sees."""
    who, need = current(), NEEDS.get(name)
    return who is not None and need is not None and who.may(need)


def rendered(place: Place, services: Services) -> tuple[Any, Parts]:
    """The content at an address and the parts it was filled with."""
    name = page_name(place.path)
    if name is not None and not _may_see(name):
        return _refused(), {}
    called = call_of(place.path)
    if called is not None:
        return _call(*called, place.search, services), {}
    page = find(place.path)
    if page is None:
        return _missing(), {}
    try:
        state = _state(page, place.search, services)
    except WithoutRecord as error:
        return page.layout(error.parts, live_status(page.name)), error.parts
    if state is None:
        # No values now: the browser asks at once and shows what went wrong.
        return page.layout({}, live_status(page.name)), {}
    parts = state.props()
    versions = ",".join(f"{name}:{version}" for name, version in state.versions.items())
    return page.layout(parts, live_status(page.name, versions=versions, as_of=state.as_of)), parts


def _call(source: str, call_id: str, search: str, services: Services) -> Plain:
    """The page of a call."""
    try:
        zone = _filter(search, services).filter.zone
    except BadFilter:
        zone = services.settings.timezone
    try:
        row = services.record.call(source, call_id)
        if row is None:
            return call_page.missing(source, call_id)
        trace = call_trace(row["trace"], services.spans.of_call(source, call_id), row["started_at"])
        notes = notes_shown(services.record, row["id"])
        hashed = row.get("caller_hash")
        earlier, later = same_caller(services.copy, hashed, row["started_at"]) if hashed else ([], [])
    except (RecordUnavailable, TimeoutError):
        log.exception("a call could not be read")
        return call_page.unavailable()
    return call_page.layout(row, trace, zone, notes=notes, earlier=earlier, later=later)


def _state(page: Page, search: str, services: Services) -> State | None:
    """The same answer that a refresh gets; None if there is none. Raises WithoutRecord."""
    try:
        chosen = _filter(search, services)
        found = page_state(page.name, page.parts, chosen, services)
    except BadFilter:
        return None
    except WithoutRecord:
        raise
    except Exception:
        log.exception("the first values of %s could not be computed", page.name)
        return None
    return found


def _filter(search: str, services: Services) -> PageFilter:
    return services.parse(MultiDict(parse_qsl(search.removeprefix("?"), keep_blank_values=True)))


def _refused() -> Plain:
    return h(
        "Div",
        [h("H1", "You may not see this page"), h("P", "An administrator can give you another role."),
         dcc.Link("Go to the overview", href="/", className="vh-button vh-primary")],
        cls="vh-empty",
    )  # fmt: skip


def _missing() -> Plain:
    return h(
        "Div",
        [h("H1", "There is no such page"), h("P", "The address may be mistyped, or the page is not there yet."),
         dcc.Link("Go to the overview", href="/", className="vh-button vh-primary")],
        cls="vh-empty",
    )  # fmt: skip
