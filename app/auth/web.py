"""The pages around the door: sign in, sign out, the first account, one's own account. They need no script."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import orjson
from flask import Blueprint, Flask, Response, make_response, redirect, render_template, request
from markupsafe import Markup

from app.api.errors import ApiError, answer_error
from app.auth import cookies
from app.auth.access import NotNow, WrongPassword
from app.auth.agents import agent_name
from app.auth.current import audit, current
from app.auth.identity import LOCAL, Identity
from app.auth.passwords import LEAST, MOST, BadPassword, hash_password
from app.services import services
from data.access import setup
from data.access.sessions import SessionsAway
from data.access.users import BadUser, User, change_user, find_user, sign_out
from data.record import RecordUnavailable
from data.times import to_datetime

blueprint = Blueprint("auth", __name__, template_folder="templates")


def register(server: Flask, head: Callable[[], str], service: str | None) -> None:
    """Route the pages; `head` belongs into the head of every HTML page, `service` is where else one can sign in."""
    server.register_blueprint(blueprint)

    @server.errorhandler(SessionsAway)
    @server.errorhandler(RecordUnavailable)
    def away(error: Exception) -> Response:
        answer = answer_error(error)
        if "text/html" not in request.headers.get("Accept", "") or request.path.startswith("/api/"):
            return answer
        said = orjson.loads(answer.get_data())["error"]
        shown = page("away", answer.status_code, problem=said["message"], reference=said["request_id"], again=target())
        shown.headers["Retry-After"] = answer.headers["Retry-After"]
        return shown

    @server.context_processor
    def everywhere() -> dict[str, object]:
        return {"head": Markup(head()), "least": LEAST, "most": MOST, "service": service}  # noqa: S704 - our own markup


def is_here(target: str) -> bool:
    """Whether an address lies within this site, for browsers too, which drop control characters and turn "\\"."""
    if not target.startswith("/") or target.startswith("//") or "\\" in target or not target.isprintable():
        return False
    parts = urlsplit(target)
    return not parts.scheme and not parts.netloc and " " not in target


def target() -> str:
    """Where the request wants to go on to after the sign-in."""
    wanted = request.values.get("next", "/")
    return wanted if is_here(wanted) and urlsplit(wanted).path not in ("/login", "/logout") else "/"


def absolute(path: str) -> str:
    """The address of a path of ours, as others reach it."""
    return (services().settings.external_url or request.host_url.rstrip("/")) + path


def page(template: str, status: int = 200, **values: object) -> Response:
    """One of the pages in `templates/`."""
    return make_response(render_template(f"{template}.html", **values), status)


def go(target: str) -> Response:
    """Send the browser to another page."""
    return redirect(target, 303)  # type: ignore[return-value]


def refused() -> Response:
    """What a page says to who may not see it."""
    return page("refused", 403, who=current())


@blueprint.get("/login")
def login() -> Response:
    """The form; who is signed in already goes on."""
    who = current()
    if who is not None and who.view is None:
        return go(target())
    return page("login", next=target())


@blueprint.post("/login")
def sign_in() -> Response:
    """Check name and password; a new session, whatever cookie came."""
    if not services().settings.auth:
        return go("/")
    name = request.form.get("name", "")
    try:
        user = services().access.check_password(name, request.form.get("password", ""), request.remote_addr or "")
    except WrongPassword:
        return page("login", 401, next=target(), name=name, problem="Name or password is wrong.")
    except NotNow as error:
        response = page("login", error.status, next=target(), name=name, problem=error.message)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    return signed_in(user, target())


def signed_in(user: User, target: str) -> Response:
    """A new session for this browser, which ends the one before, and on to the target."""
    parts, before = services(), current()
    if before is not None and before.session_id is not None:
        parts.sessions.close(before.session_id)
        parts.access.forget()
    _, secret = parts.sessions.open(
        user, "browser", address=request.remote_addr or "", agent=str(request.user_agent)
    )  # fmt: skip
    audit("signed in", user.name, actor=user.name)
    response = go(target)
    cookies.give(response, secret)
    return response


@blueprint.post("/logout")
def logout() -> Response:
    """End this browser's session."""
    who = current()
    if who is not None and who.session_id is not None:
        services().sessions.close(who.session_id)
        services().access.forget()
        audit("signed out", who.name)
    return _signed_out()


def _signed_out() -> Response:
    response = go("/login")
    cookies.take(response)
    return response


@blueprint.get("/setup/<secret>")
def setup_form(secret: str) -> Response:
    """The form of the first account."""
    if not setup.is_valid(services().record, secret):
        return page("over", 410)
    return page("setup")


@blueprint.post("/setup/<secret>")
def set_up(secret: str) -> Response:
    """Make the first account, and sign in as it."""
    if not setup.is_valid(services().record, secret):
        return page("over", 410)
    name, password = request.form.get("name", ""), request.form.get("password", "")
    try:
        user = setup.use_link(services().record, secret, name, hash_password(password))
    except (BadPassword, BadUser) as error:
        return page("setup", 400, name=name, problem=sentence(error))
    except setup.LinkOver:
        return page("over", 410)
    audit("user added", user.name, actor=user.name, after={"role": user.role})
    return signed_in(user, "/")


@blueprint.get("/account")
def account() -> Response:
    """Who one is here, and where else one is signed in."""
    return _account()


def _account(status: int = 200, **values: object) -> Response:
    who = current()
    if who is None or who is LOCAL:
        return go("/")
    sessions = services().sessions.listed(_person(who)[1])
    return page("account", status, who=who, sessions=sessions, clock=_clock, agent_name=agent_name, **values)


def _clock(micros: int) -> str:
    """An instant for people, in the zone of the settings."""
    at = to_datetime(micros, services().settings.timezone)
    return f"{at.day} {at:%b %Y, %H:%M %Z}"


@blueprint.post("/account/password")
def change_password() -> Response:
    """A new password: everybody who is signed in with the old one is signed out, but this browser."""
    who, (name, _) = current(), _person(current())
    try:
        user = services().access.check_password(name, request.form.get("password", ""), request.remote_addr or "")
        changed = change_user(services().record, user, password_hash=hash_password(request.form.get("new", "")))
    except WrongPassword:
        return _account(403, problem="The present password is wrong.")
    except NotNow as error:
        return _account(error.status, problem=error.message)
    except (BadPassword, BadUser) as error:
        return _account(400, problem=sentence(error))
    services().access.forget()
    audit("password changed", changed.name, actor=who.name if who else "")
    return signed_in(changed, "/account")


@blueprint.post("/account/sign-out-everywhere")
def sign_out_everywhere() -> Response:
    """End all sessions of this person."""
    name, user_id = _person(current())
    ended = len(services().sessions.listed(user_id))
    sign_out(services().record, user_id)
    audit("signed out everywhere", name, before={"sessions": ended})
    services().access.forget()
    return _signed_out()


def _person(who: Identity | None) -> tuple[str, int]:
    if who is None or who.user_id is None or find_user(services().record, who.name) is None:
        raise ApiError(403, "forbidden", "Only a person who signed in has an account.")
    return who.name, who.user_id


def sentence(error: Exception) -> str:
    """What an error says, as a sentence for people."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
