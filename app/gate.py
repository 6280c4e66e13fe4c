"""Who is let in: until there are accounts, only this machine, and only what it asked for itself.

A page of another site can make a browser on this machine send requests here; the Host and Origin headers give it away.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from flask import Flask, Response, request

from app.api.errors import ApiError

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}


def is_local(host: str) -> bool:
    """Whether a Host header names this machine itself (a name that resolves here may be another site's)."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def register(server: Flask) -> None:
    """Check every request before anything else sees it."""

    def check() -> None:
        if not is_local(request.host):
            raise ApiError(403, "forbidden", "This server answers only to localhost and loopback addresses.")
        origin = request.headers.get("Origin")
        unsafe = request.method not in _SAFE or request.headers.get("Upgrade", "").lower() == "websocket"
        if unsafe and origin is not None and urlsplit(origin).netloc != request.host:
            raise ApiError(403, "forbidden", "This request comes from another site.")

    server.before_request_funcs.setdefault(None, []).insert(0, check)

    @server.after_request
    def protect(response: Response) -> Response:
        for name, value in _POLICY.items():
            response.headers.setdefault(name, value)
        return response
