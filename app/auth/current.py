"""Who sent the request that is being served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import g, request

from app.auth import cookies
from app.auth.identity import LOCAL, Identity
from app.services import services
from data.access import audit as log


def current() -> Identity | None:
    """Who is asking; None: nobody who signed in."""
    if "identity" not in g:
        g.identity = credential()()
    found: Identity | None = g.identity
    return found


def credential() -> Callable[[], Identity | None]:
    """A question that stays good after the request: whose its credential is, asked anew each time."""
    parts = services()
    if not parts.settings.auth:
        return lambda: LOCAL
    access, given = parts.access, request.authorization
    if given is not None:
        token = given.token if given.type == "bearer" else None
        return lambda: access.by_bearer(token) if token else None
    # A page of another site that CORS_ORIGINS names speaks for itself, not for who sits before the browser.
    secret = None if g.get("foreign") else cookies.read()
    return lambda: access.by_cookie(secret) if secret else None


def author(given: str) -> str:
    """Whose name stands under what is written: a person's own; else the given one, or that of the program's key."""
    who = current()
    if who is None or who is LOCAL:
        return given
    return who.name if who.user_id is not None else given or who.name


def shown(path: str, query: str) -> tuple[str, str]:
    """Path and query of the page to show: those that are asked for, but of a wall screen always its own."""
    who = current()
    if who is None or who.view is None:
        return path, query
    own = urlsplit(who.view)
    return own.path, own.query


def by_cookie() -> bool:
    """Whether the browser itself added what the request is allowed by."""
    return services().settings.auth and request.authorization is None and cookies.read() is not None


def audit(action: str, subject: str, *, before: Any = None, after: Any = None, actor: str | None = None) -> None:
    """Write a line of the audit log about the request being served; `actor` where nobody signed in yet."""
    services().changes += 1
    who = current()
    name = actor if actor is not None else who.name if who is not None else "nobody"
    log.append(
        services().record, name, action, subject, before=before, after=after, address=request.remote_addr or ""
    )  # fmt: skip
