"""The settings in force and where each comes from; secrets are never told."""

from __future__ import annotations

from flask import Blueprint, Response

from app.api.describe import MAYBE_TEXT, TEXT, endpoint, json_answer, listing, obj
from app.services import services
from app.settings_shown import shown_settings

blueprint = Blueprint("admin_settings", __name__)


@endpoint(
    blueprint, "GET", "/api/admin/settings", "Settings with their sources; secrets as dots",
    answer=listing(obj(key=TEXT, value=MAYBE_TEXT, source=TEXT, description=TEXT)),
)  # fmt: skip
def get_settings() -> Response:
    names = ("key", "value", "source", "description")
    return json_answer([{name: getattr(each, name) for name in names} for each in shown_settings(services().settings)])
