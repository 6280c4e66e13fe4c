"""The cookie of a browser: of its session, or of the wall screen that it is."""

from __future__ import annotations

from flask import Response, request

from data.access.sessions import LIFETIME

_PLAIN = "voicehive"
#: A browser takes it over https only, and from this very host only.
_SECURE = "__Host-voicehive"


def read() -> str | None:
    """The secret that the browser sent."""
    return request.cookies.get(_name()) or None


def give(response: Response, secret: str, seconds: int = LIFETIME // 1_000_000) -> None:
    """Let the browser keep a secret."""
    response.set_cookie(_name(), secret, max_age=seconds, secure=request.is_secure, httponly=True, samesite="Lax")


def take(response: Response) -> None:
    """Let the browser forget it."""
    response.delete_cookie(_name(), secure=request.is_secure, httponly=True, samesite="Lax")


def _name() -> str:
    return _SECURE if request.is_secure else _PLAIN
