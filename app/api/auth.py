"""Access tokens for programs that have a person's name and password; those with an API key need none."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, request

from app.api.body import read_body
from app.api.describe import INTEGER, TEXT, endpoint, json_answer, obj
from app.api.errors import ApiError, error_response
from app.auth import tokens
from app.auth.access import NotNow, WrongPassword
from app.auth.current import audit
from app.services import services

blueprint = Blueprint("api_auth", __name__)

_TOKENS = obj(access_token=TEXT, token_type=TEXT, expires_in=INTEGER, refresh_token=TEXT)


@endpoint(
    blueprint,
    "POST",
    "/api/auth/token",
    "Sign in: an access token for ten minutes, and a refresh token for the next one",
    body=obj(username=TEXT, password=TEXT),
    answer=_TOKENS,
    errors=(400, 401, 429, 503),
)
def post_token() -> Response:
    given = _fields("username", "password")
    parts, address = services(), request.remote_addr or ""
    try:
        user = parts.access.check_password(given["username"], given["password"], address)
    except WrongPassword:
        raise ApiError(401, "unauthorized", "Name or password is wrong.") from None
    except NotNow as error:
        code = "too_many_requests" if error.status == 429 else "overloaded"
        return error_response(error.status, code, error.message, retry_after=error.retry_after)
    session, refresh = parts.sessions.open(user, "program", address=address, agent=str(request.user_agent))
    audit("signed in", user.name, actor=user.name, after={"by": "token"})
    return _answer(user.id, session, refresh)


@endpoint(
    blueprint,
    "POST",
    "/api/auth/refresh",
    "The next access token; the refresh token is replaced, too, and the old one must not be used again",
    body=obj(refresh_token=TEXT),
    answer=_TOKENS,
    errors=(400, 401),
)
def post_refresh() -> Response:
    renewed = services().sessions.renew(_fields("refresh_token")["refresh_token"])
    if renewed is None:
        # It may have been the second use of a token: its session is over, here at once.
        services().access.forget()
        raise ApiError(401, "unauthorized", "This refresh token is not valid any more.")
    session, refresh = renewed
    return _answer(session.user_id, session.id, refresh)


@endpoint(
    blueprint,
    "POST",
    "/api/auth/revoke",
    "End what an access or refresh token stands for",
    body=obj(token=TEXT),
    answer=obj(),
    errors=(400,),
)
def post_revoke() -> Response:
    parts, token = services(), _fields("token")["token"]
    named = parts.access.tokens.session_of(token)
    found = parts.sessions.of_id(named) if named else parts.sessions.of_secret(token, "program")
    if found is not None:
        parts.sessions.close(found.id)
        parts.access.forget()
        audit("signed out", found.name, actor=found.name)
    return json_answer({})


def _answer(user_id: int, session: str, refresh: str) -> Response:
    access = services().access.tokens.make(user_id, session)
    return json_answer(
        {"access_token": access, "token_type": "Bearer", "expires_in": tokens.SECONDS, "refresh_token": refresh}
    )


def _fields(*names: str) -> dict[str, str]:
    """Texts of the body, JSON or a form; raises ApiError."""
    if request.mimetype == "application/x-www-form-urlencoded":
        content: Any = request.form.to_dict()
    else:
        try:
            content = orjson.loads(read_body())
        except orjson.JSONDecodeError:
            raise ApiError(400, "invalid_json", "The body is not JSON.") from None
    for name in names:
        if not isinstance(content, dict) or not isinstance(content.get(name), str):
            raise ApiError(400, "bad_parameter", f"{name}: must be given as text")
    return {name: content[name] for name in names}
