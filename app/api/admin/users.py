"""People who may sign in."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.body import Name, Text, read_json
from app.api.describe import INSTANT, MAYBE_TEXT, TEXT, Parameter, endpoint, json_answer, listing, obj
from app.api.errors import ApiError
from app.auth.current import audit
from app.auth.links import new_link
from app.auth.passwords import BadPassword, hash_password
from app.services import services
from data.access.roles import Role
from data.access.users import BadUser, User, add_user, change_user, find_user, list_users
from data.times import to_iso

blueprint = Blueprint("admin_users", __name__)

_USER = obj(name=TEXT, role={"enum": [role.value for role in Role]}, disabled={"type": "boolean"}, created_at=INSTANT)
_NAME = Parameter("name", "The user's name.", where="path")


class NewUser(BaseModel):
    """A user to be added; without a password the answer has a one-use link to set one."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    role: Role = Role.VIEWER
    password: Text | None = None


class Change(BaseModel):
    """What is to be different about a user."""

    model_config = ConfigDict(extra="forbid")

    role: Role | None = None
    disabled: Annotated[bool | None, Field(strict=True)] = None
    password: Text | None = None


@endpoint(blueprint, "GET", "/api/admin/users", "Users by name", answer=listing(_USER), errors=(503,))
def get_users() -> Response:
    return json_answer([_shown(user) for user in list_users(services().record)])


@endpoint(
    blueprint, "POST", "/api/admin/users", "Add a user", body=NewUser.model_json_schema(),
    answer=obj(user=_USER, link=MAYBE_TEXT), status=201, errors=(400, 413, 503, 507),
)  # fmt: skip
def post_user() -> Response:
    given = read_json(NewUser)
    try:
        user = add_user(services().record, given.name, given.role, _hashed(given.password))
    except BadUser as error:
        raise _bad(error) from None
    audit("user added", user.name, after={"role": user.role})
    link = new_link(user) if given.password is None else None
    return json_answer({"user": _shown(user), "link": link}, 201)


@endpoint(
    blueprint, "PATCH", "/api/admin/users/<name>",
    "Give a user another role or password, or lock it; the latter two sign it out everywhere",
    parameters=[_NAME], body=Change.model_json_schema(), answer=_USER, errors=(400, 404, 413, 503, 507),
)  # fmt: skip
def patch_user(name: str) -> Response:
    given, before = read_json(Change), _found(name)
    changes: dict[str, Any] = given.model_dump(exclude_none=True, exclude={"password"})
    if given.password is not None:
        changes["password_hash"] = _hashed(given.password)
    if not changes:
        raise ApiError(400, "invalid_body", "give role, disabled or password")
    try:
        after = change_user(services().record, before, **changes)
    except BadUser as error:
        raise _bad(error) from None
    services().access.forget()
    for action, old, new in _told(before, after):
        audit(action, after.name, before=old, after=new)
    if given.password is not None:
        audit("password changed", after.name)
    return json_answer(_shown(after))


@endpoint(
    blueprint, "POST", "/api/admin/users/<name>/link", "A one-use link by which a user sets a password, for a day",
    parameters=[_NAME], answer=obj(link=TEXT), status=201, errors=(404, 409, 503, 507),
)  # fmt: skip
def post_link(name: str) -> Response:
    user = _found(name)
    if user.disabled:
        raise ApiError(409, "disabled", f"{user.name} may not sign in; enable the account first.")
    audit("password link made", user.name)
    return json_answer({"link": new_link(user)}, 201)


def _told(before: User, after: User) -> list[tuple[str, Any, Any]]:
    """Lines for the audit log: action, before, after."""
    told: list[tuple[str, Any, Any]] = []
    if before.role is not after.role:
        told.append(("role changed", {"role": before.role}, {"role": after.role}))
    if before.disabled != after.disabled:
        told.append((f"user {'disabled' if after.disabled else 'enabled'}", None, None))
    return told


def _found(name: str) -> User:
    found = find_user(services().record, name)
    if found is None:
        raise ApiError(404, "not_found", f"There is no user {name[:100]!r}.")
    return found[0]


def _hashed(password: str | None) -> str | None:
    try:
        return None if password is None else hash_password(password)
    except BadPassword as error:
        raise ApiError(400, "bad_password", str(error)) from None


def _bad(error: BadUser) -> ApiError:
    return ApiError(400, "bad_user", str(error))


def _shown(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "role": user.role,
        "disabled": user.disabled,
        "created_at": to_iso(user.created_at),
    }
