"""How often one user, one key, or one address of nobody who signed in may ask: so that one can't slow all others down.

Counted in Redis where several instances share one, else, and while Redis is away, in this process.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g, request
from flask_limiter import Limiter

from app.auth.addresses import household
from app.auth.current import current
from app.settings import Settings
from data.access.sessions import SessionsAway
from data.record import RecordUnavailable

#: What computes or writes for long.
_DEAR = "20 per minute"
_DEAR_PATHS = ("/api/export/", "/api/rules/backtest", "/api/reports/")
#: Passwords and tokens: beside what signing in itself counts of each account (app/auth/access.py).
_DOORS = "60 per minute"
_DOOR_PATHS = ("/login", "/setup/", "/password/", "/api/auth/")
_USUAL = "1200 per minute"
#: What may come in as fast as it is stored has a brake of its own (503); static files and health cost little.
_FREE = frozenset({"/api/calls", "/v1/traces", "/api/alerts/webhook", "/healthz", "/readyz"})
_FREE_PATHS = ("/assets/", "/_dash-component-suites/", "/api/ingest/")


def register(server: Flask, settings: Settings) -> None:
    """Count every request after the gate has let it in; too many are answered with 429 and Retry-After."""
    server.after_request(_say_when)  # what is registered first runs last
    options: dict[str, Any] = {}
    if settings.redis_url:
        from data import redis_client  # here: 15 MB, for who has a Redis

        options = dict(redis_client.OPTIONS)
    limiter = Limiter(
        _asker,
        app=server,
        default_limits=[_limit],
        storage_uri=settings.redis_url or "memory://",
        storage_options=options,
        in_memory_fallback_enabled=bool(settings.redis_url),
        headers_enabled=True,
        key_prefix="voicehive",
    )
    # Without sign-in all are one, and sit at this machine.
    server.after_request(_note_when)
    limiter.request_filter(lambda: not settings.auth or _is_free())


def _note_when(response: Response) -> Response:
    g.retry_after = response.headers.get("Retry-After")
    return response


def _say_when(response: Response) -> Response:
    """The limiter says of every answer that one may ask again in a minute; it is right for those that it refuses."""
    if response.status_code != 429:
        response.headers.pop("Retry-After", None)
        if g.get("retry_after") is not None:
            response.headers["Retry-After"] = g.retry_after
    return response


def _asker() -> str:
    try:
        who = current()
    except (RecordUnavailable, SessionsAway):
        who = None  # whoever it is, the answer will be that it can't be known now
    return f"address {household(request.remote_addr or '')}" if who is None else f"{who.role} {who.name}"


def _limit() -> str:
    if request.path.startswith(_DOOR_PATHS):
        return _DOORS
    dear = request.path.startswith(_DEAR_PATHS) and (request.method != "GET" or "/export/" in request.path)
    return _DEAR if dear else _USUAL


def _is_free() -> bool:
    sent = request.path in _FREE and (request.method == "POST" or request.path.endswith("z"))
    return sent or request.path.startswith(_FREE_PATHS)
