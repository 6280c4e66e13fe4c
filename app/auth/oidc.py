"""Signing in through a service that speaks OpenID Connect, where the settings name one.

Who comes for the first time gets an account here. Without OIDC_ROLE_CLAIM it is a viewer's, and an admin changes it;
with it the service says the role at every sign-in, and who has none does not get in.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, session, url_for

from app.api.errors import ApiError
from app.auth.current import audit
from app.auth.web import absolute, page, signed_in, target
from app.services import services
from app.settings import Settings
from data.access.roles import Role
from data.access.users import BadUser, User, add_user, change_user, find_subject

log = logging.getLogger(__name__)

blueprint = Blueprint("oidc", __name__)
_NEXT = "voicehive_next"
_TIMEOUT_SECONDS = 5


class Stranger(Exception):
    """The service knows the person, but that is not enough here; the message says why."""


def register(server: Flask, settings: Settings) -> None:
    """Route the way to the service and back."""
    server.register_blueprint(blueprint)
    if settings.oidc_issuer is None or settings.oidc_client_secret is None:
        return
    from authlib.integrations.flask_client import OAuth

    # Between the way there and the way back the browser keeps a signed note: state, nonce, verifier.
    server.secret_key = hmac.digest(settings.secret(), b"voicehive sign-in notes", "sha256")
    server.config["SESSION_COOKIE_NAME"] = "voicehive_sign_in"
    server.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    OAuth(server).register(
        "oidc",
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        server_metadata_url=f"{settings.oidc_issuer}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "default_timeout": _TIMEOUT_SECONDS,
        },
    )


def _client() -> Any:
    found = current_app.extensions.get("authlib.integrations.flask_client")
    if found is None:
        raise ApiError(404, "not_found", "No sign-in service is set up here.")
    return found.oidc


@blueprint.get("/login/oidc")
def there() -> Response:
    """To the service."""
    client = _client()
    session[_NEXT] = target()
    try:
        answer: Response = client.authorize_redirect(absolute(url_for("oidc.back")))
    except Exception:  # whatever keeps the service from being asked
        log.exception("the sign-in service can't be asked")
        return page("login", 502, next=target(), problem="The sign-in service does not answer.")
    return answer


@blueprint.get("/login/oidc/back")
def back() -> Response:
    """And back: who it is."""
    from authlib.integrations.base_client import OAuthError

    client, onward = _client(), session.pop(_NEXT, "/")
    try:
        claims = client.authorize_access_token()["userinfo"]
        user = _user(claims, services().settings)
    except OAuthError as error:
        log.warning("a sign-in by the service failed: %s", error)
        return page("login", 401, next=onward, problem="The sign-in service did not let you in.")
    except Stranger as error:
        audit("sign-in failed", str(error), actor="oidc")
        return page("login", 403, next=onward, problem=str(error))
    except Exception:  # its answer may be anything
        log.exception("the sign-in service gave no answer that can be used")
        return page("login", 502, next=onward, problem="The sign-in service gave no answer that can be used.")
    return signed_in(user, onward)


def _user(claims: Mapping[str, Any], settings: Settings) -> User:
    """The account of the one whom the service names; raises Stranger."""
    subject = f"{claims['iss']} {claims['sub']}"
    role, known = _role(claims, settings.oidc_role_claim), find_subject(services().record, subject)
    if known is None:
        return _newcomer(claims, subject, role or Role.VIEWER)
    if known.disabled:
        raise Stranger(f"The account {known.name} is disabled.")
    if role is None or role is known.role:
        return known
    try:
        changed = change_user(services().record, known, role=role)
    except BadUser as error:
        log.warning("%s keeps the role %s: %s", known.name, known.role, error)
        return known
    audit("role changed", known.name, actor="oidc", before={"role": known.role}, after={"role": role})
    return changed


def _newcomer(claims: Mapping[str, Any], subject: str, role: Role) -> User:
    name = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])
    try:
        # An account of the same name that is here already may be somebody else's.
        made = add_user(services().record, name, role, subject=subject)
    except BadUser as error:
        raise Stranger(f"No account could be made for {name}: {error}.") from None
    audit("user added", made.name, actor="oidc", after={"role": made.role})
    return made


def _role(claims: Mapping[str, Any], claim: str | None) -> Role | None:
    """The highest role in the claim (a dot leads into an object); None where no claim is asked for."""
    if claim is None:
        return None
    found: Any = claims
    for part in claim.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    words = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    roles = [role for role in Role if role.value in words]
    if not roles:
        raise Stranger("The sign-in service gives you no role here.")
    return roles[-1]


def service_name(settings: Settings) -> str | None:
    """What people know the service by; None if there is none."""
    return None if settings.oidc_issuer is None else urlsplit(settings.oidc_issuer).hostname
