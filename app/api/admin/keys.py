"""Keys of programs; those of wall screens, too, which are made at /api/screens."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.body import Name, read_json
from app.api.describe import INSTANT, INTEGER, MAYBE_TEXT, TEXT, Parameter, endpoint, json_answer, listing, obj
from app.api.errors import ApiError
from app.auth.current import audit, current
from app.services import services
from data.access.keys import BadKey, Key, add_key, list_keys, revoke_key
from data.access.roles import Scope
from data.times import to_iso

blueprint = Blueprint("admin_keys", __name__)

_KEY = obj(
    id=INTEGER,
    name=TEXT,
    prefix=TEXT,
    scopes=listing({"enum": [scope.value for scope in Scope]}),
    created_by=TEXT,
    created_at=INSTANT,
    used_at=MAYBE_TEXT,
    revoked_at=MAYBE_TEXT,
    view=MAYBE_TEXT,
)


class NewKey(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    scopes: Annotated[set[Scope], Field(min_length=1)]


@endpoint(
    blueprint, "GET", "/api/admin/keys", "Keys by name, revoked ones too", answer=listing(_KEY), errors=(503,)
)  # fmt: skip
def get_keys() -> Response:
    return json_answer([_shown(key) for key in list_keys(services().record)])


@endpoint(
    blueprint, "POST", "/api/admin/keys", "Make a key; its secret is told only now", body=NewKey.model_json_schema(),
    answer=obj(key=_KEY, secret=TEXT), status=201, errors=(400, 413, 503, 507),
)  # fmt: skip
def post_key() -> Response:
    given, who = read_json(NewKey), current()
    try:
        key, secret = add_key(services().record, given.name, given.scopes, who.name if who else "")
    except BadKey as error:
        raise ApiError(400, "bad_key", str(error)) from None
    audit("key created", key.name, after=key.told())
    return json_answer({"key": _shown(key), "secret": secret}, 201)


@endpoint(
    blueprint, "DELETE", "/api/admin/keys/<int:key>", "Make a key useless, for good",
    parameters=[Parameter("key", "Its id.", INTEGER, where="path")], answer=_KEY, errors=(404, 409, 503, 507),
)  # fmt: skip
def delete_key(key: int) -> Response:
    found = next((each for each in list_keys(services().record) if each.id == key), None)
    if found is None:
        raise ApiError(404, "not_found", f"There is no key {key}.")
    revoked = revoke_key(services().record, key)
    if revoked is None:
        raise ApiError(409, "revoked", f"The key {found.name} was revoked already.")
    services().access.forget()
    audit("key revoked", revoked.name, before=revoked.told())
    return json_answer(_shown(revoked))


def _shown(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": sorted(key.scopes),
        "created_by": key.created_by,
        "created_at": to_iso(key.created_at),
        "used_at": to_iso(key.used_at),
        "revoked_at": to_iso(key.revoked_at),
        "view": key.view,
    }
