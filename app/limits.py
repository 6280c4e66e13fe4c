"""How often one user, one key, or one address of nobody who signed in may ask: so that one can't slow all others down.

Counted in Redis where several instances share one, else, and while Redis is away, in this process.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from flask_limiter import Limiter

from app.auth.current import current
from app.auth.identity import LOCAL
from app.settings import Settings

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
_REDIS_SECONDS = 0.3


def register(server: Flask, settings: Settings) -> None:
    """Count every request after the gate has let it in; too many are answered with 429 and Retry-After."""
    # Handed on to the client of Redis; the types only know whole numbers.
    remote: Any = {"socket_timeout": _REDIS_SECONDS, "socket_connect_timeout": _REDIS_SECONDS}
    limiter = Limiter(
        _asker,
        app=server,
        default_limits=[_limit],
        storage_uri=settings.redis_url or "memory://",
        storage_options=remote if settings.redis_url else {},
        in_memory_fallback_enabled=bool(settings.redis_url),
        headers_enabled=True,
        key_prefix="voicehive",
    )
    limiter.request_filter(_is_free)


def _asker() -> str:
    who = current()
    return f"address {request.remote_addr}" if who is None else f"{who.role} {who.name}"


def _limit() -> str:
    if request.path.startswith(_DOOR_PATHS):
        return _DOORS
    dear = request.path.startswith(_DEAR_PATHS) and (request.method != "GET" or "/export/" in request.path)
    return _DEAR if dear else _USUAL


def _is_free() -> bool:
    sent = request.path in _FREE and (request.method == "POST" or request.path.endswith("z"))
    # Without sign-in all are one, and sit at this machine.
    return sent or request.path.startswith(_FREE_PATHS) or current() is LOCAL
