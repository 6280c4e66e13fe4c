"""Wall screens: links that open one page where nobody signs in."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.body import Name, read_json
from app.api.describe import INSTANT, INTEGER, MAYBE_TEXT, TEXT, Parameter, endpoint, json_answer, listing, obj
from app.api.errors import ApiError
from app.auth.current import audit, current
from app.auth.web import absolute
from app.kiosk import kiosk_address
from app.services import services
from data.access.keys import BadKey, Key, add_key, list_keys, revoke_key
from data.access.roles import Scope
from data.times import to_iso

blueprint = Blueprint("screens_api", __name__)

_SCREEN = obj(id=INTEGER, name=TEXT, view=TEXT, created_by=TEXT, created_at=INSTANT, used_at=MAYBE_TEXT)


class NewScreen(BaseModel):
    """A screen to be added."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    view: Annotated[str, Field(description="The page to show, with its filter: /trends?agent=roxy")]


@endpoint(blueprint, "GET", "/api/screens", "Wall screens by name", answer=listing(_SCREEN), errors=(503,))
def get_screens() -> Response:
    return json_answer([_shown(key) for key in _screens()])


@endpoint(
    blueprint, "POST", "/api/screens", "Make a link that shows a page on a wall screen; it is told only now",
    body=NewScreen.model_json_schema(), answer=obj(screen=_SCREEN, link=TEXT), status=201, errors=(400, 413, 503, 507),
)  # fmt: skip
def post_screen() -> Response:
    given, who, parts = read_json(NewScreen), current(), services()
    view = kiosk_address(given.view, parts.settings.timezone)
    try:
        key, secret = add_key(parts.record, given.name, [Scope.KIOSK], who.name if who else "", view=view)
    except BadKey as error:
        raise ApiError(400, "bad_key", str(error)) from None
    audit("key created", key.name, after=key.told())
    return json_answer({"screen": _shown(key), "link": absolute(f"/kiosk/{secret}")}, 201)


@endpoint(
    blueprint, "DELETE", "/api/screens/<int:screen>", "Take a wall screen off: its link is over, for good",
    parameters=[Parameter("screen", "Its id.", INTEGER, where="path")], answer=_SCREEN, errors=(404, 503, 507),
)  # fmt: skip
def delete_screen(screen: int) -> Response:
    record = services().record
    revoked = revoke_key(record, screen) if any(key.id == screen for key in _screens()) else None
    if revoked is None:
        raise ApiError(404, "not_found", f"There is no wall screen {screen}.")
    services().access.forget()
    audit("key revoked", revoked.name, before=revoked.told())
    return json_answer(_shown(revoked))


def _screens() -> list[Key]:
    return [key for key in list_keys(services().record) if key.view is not None and key.revoked_at is None]


def _shown(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "view": key.view,
        "created_by": key.created_by,
        "created_at": to_iso(key.created_at),
        "used_at": to_iso(key.used_at),
    }
