"""The page behind a one-use link: a person sets a password, and is signed in with it."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.auth.current import audit
from app.auth.passwords import BadPassword, hash_password
from app.auth.web import absolute, page, sentence, signed_in
from app.services import services
from data.access.invitations import accept, invite, invited
from data.access.setup import LinkOver
from data.access.users import BadUser, User

blueprint = Blueprint("links", __name__)


def new_link(user: User) -> str:
    """The address of a new link for this user."""
    return absolute(f"/password/{invite(services().record, user)}")


@blueprint.get("/password/<secret>")
def password_form(secret: str) -> Response:
    """The form."""
    user = invited(services().record, secret)
    return page("over", 410) if user is None else page("password", name=user.name)


@blueprint.post("/password/<secret>")
def set_password(secret: str) -> Response:
    """Set the password, and sign in."""
    user = invited(services().record, secret)
    if user is None:
        return page("over", 410)
    try:
        changed = accept(services().record, secret, hash_password(request.form.get("password", "")))
    except (BadPassword, BadUser) as error:
        return page("password", 400, name=user.name, problem=sentence(error))
    except LinkOver:
        return page("over", 410)
    services().access.forget()
    audit("password changed", changed.name, actor=changed.name, after={"by": "link"})
    return signed_in(changed, "/")
