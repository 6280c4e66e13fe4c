"""Who is let in: until there are accounts, only this machine, and only what it asked for itself.

A page of another site can make a browser on this machine send requests here; the Host and Origin headers give it away.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
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


def content_policy(scripts: Iterable[str]) -> str:
    """The Content-Security-Policy of pages: own files only, and the inline `scripts` with these hashes."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {' '.join(scripts)}",
            "style-src 'self' 'unsafe-inline'",  # plotly writes styles into its charts
            "img-src 'self' data: blob:",
            "connect-src 'self'",
            "font-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def register(server: Flask, policy: Callable[[], str]) -> None:
    """Check every request before anything else sees it; `policy` gives the content policy of pages."""

    def check() -> None:
        if not is_local(request.host):
            raise ApiError(403, "forbidden", "This server answers only to localhost and loopback addresses.")
        origin = request.headers.get("Origin")
        unsafe = request.method not in _SAFE or request.headers.get("Upgrade", "").lower() == "websocket"
        foreign = unsafe and origin is not None and origin.partition("://")[2] != request.host
        # A page may be linked to from elsewhere, but nothing of ours may be embedded there.
        visited = request.path == "/" or request.headers.get("Sec-Fetch-Dest") == "document"
        embedded = not visited and request.headers.get("Sec-Fetch-Site") == "cross-site"
        if foreign or embedded:
            raise ApiError(403, "forbidden", "This request comes from another site.")

    server.before_request_funcs.setdefault(None, []).insert(0, check)

    @server.after_request
    def protect(response: Response) -> Response:
        for name, value in _POLICY.items():
            response.headers.setdefault(name, value)
        if response.mimetype == "text/html":
            response.headers.setdefault("Content-Security-Policy", policy())
        return response
