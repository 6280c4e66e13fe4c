"""Data into the page: component id -> props, for the first layout and for every refresh alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.components.choices import segments
from app.components.filterbar import ZONE, zone_label
from app.components.guard import Parts, guarded
from app.components.plain import Plain
from app.filters import BadFilter
from app.pages.admin import ids
from app.pages.admin.audit import AT_ONCE, audit
from app.pages.admin.data import data
from app.pages.admin.keys import keys
from app.pages.admin.sessions import sessions
from app.pages.admin.settings import settings
from app.pages.admin.users import users
from app.pages.alerts.words import failed
from app.settings_shown import shown_settings
from data.access.audit import entries
from data.access.keys import list_keys
from data.access.users import list_users
from data.record import RecordUnavailable
from data.retention import preview
from data.times import now_micros

if TYPE_CHECKING:
    from app.filters import PageFilter
    from app.services import Services


def parts(page: PageFilter, services: Services) -> Parts:
    """The tabs and the view that is chosen."""
    view = page.choice("view", ids.VIEWS, "users")
    return {
        ZONE: {"children": zone_label(page.filter.zone)},
        ids.TABS: {"children": [segments("view", "View", ids.VIEWS, view, "users")]},
        **guarded((ids.BODY,), "This view", lambda: {ids.BODY: {"children": _body(view, page, services)}}),
    }


def _body(view: str, page: PageFilter, services: Services) -> list[Plain]:
    if view == "settings":
        return settings(shown_settings(services.settings))
    try:
        return _of_the_record(view, page, services)
    except RecordUnavailable:
        return [failed("The call record does not answer, so this can't be shown now.")]


def _of_the_record(view: str, page: PageFilter, services: Services) -> list[Plain]:
    record, zone = services.record, page.filter.zone
    if view == "users":
        return users(list_users(record), services.sessions.listed(), zone)
    if view == "keys":
        return keys(list_keys(record), zone)
    if view == "sessions":
        return sessions(services.sessions.listed(), zone)
    if view == "data":
        policy = services.settings.retention
        return data(policy, preview(record, policy, now_micros()), zone)
    before, text = _line(page.text("before")), page.text("find")
    return audit(
        entries(record, text=text, before_id=before, limit=AT_ONCE), text, first=before is None, zone=zone
    )  # fmt: skip


def _line(text: str) -> int | None:
    """The id of a line; None for the newest."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadFilter("before: must be the id of a line")
    return int(text)
